def test_signed_in(staff_client):
    person = staff_client("moderator")
    answer = person.get("/staff/account")
    assert answer.status_code == 200, answer.text
    assert person.post("/staff/language", data={"lang": "en"}).status_code == 303
    assert 'lang="en"' in person.get("/staff/account").text
    assert person.post("/staff/language", csrf=False).status_code == 400


def test_anonymous(client):
    assert client.get("/staff/account").status_code == 303
