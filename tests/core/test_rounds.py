"""Many at once, but no two of the same thing."""

from pledge.core.rounds import rounds


def test_no_key_occurs_twice_in_a_round_and_those_of_one_key_keep_their_order():
    words = ["anna", "ben", "alex", "cleo", "bea", "adam"]
    assert list(rounds(words, lambda word: word[0])) == [["anna", "ben", "cleo"], ["alex", "bea"], ["adam"]]
    assert list(rounds([], len)) == []
