# Every task of the project. `make help` lists them; the work itself is in tools/.
# The folder of this file, so that `make -f some/where/Makefile` works as well as `cd some/where && make`.
ROOT := $(shell dirname "$(strip $(firstword $(MAKEFILE_LIST)))")
ENTER = cd "$(ROOT)" &&
PYTHON_IN_VENV = .venv/bin/python
ARGS ?=

# What Python and pytest compile is kept, whatever this machine is set to: each of a run's processes would compile it all again.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help run demo programs test test-all lint format bench replay chaos cluster simulate hostile lighthouse pictures image lock routes translations

help: ## List the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' "$(ROOT)/Makefile" | while IFS='|' read -r task text; do \
		printf '%-20s %s\n' "$$task" "$$text"; done

run: ## From a clone to a working site on http://localhost:$PORT (default 8000)
	@$(ENTER) exec tools/run.sh

demo: ## The same with a campaign in full swing: sample data, in a database of its own
	@$(ENTER) exec tools/run.sh --demo

programs: ## Install the programs that tests need and this machine lacks (Debian's packages, as root or with sudo)
	@$(ENTER) tools/environment.sh development && exec $(PYTHON_IN_VENV) tools/programs.py tests

test: ## What one runs after each change, some minutes; ARGS="-k words -x" go to pytest
	@$(ENTER) tools/environment.sh development && tools/compile.sh && exec $(PYTHON_IN_VENV) -m pytest --part quick -n 3 --dist worksteal $(ARGS)

test-all: ## All that `make test` leaves out; PART=postgresql|browser|faults|long|hostile|operations for one part of it
	@$(ENTER) tools/environment.sh development && tools/compile.sh && exec $(PYTHON_IN_VENV) -m pytest --part $${PART:-rest} -n 3 --dist worksteal $(ARGS)

lint: ## Style, types, imports, templates, translations
	@$(ENTER) tools/environment.sh development && exec tools/lint.sh

format: ## Format the Python files
	@$(ENTER) tools/environment.sh development && $(PYTHON_IN_VENV) -m ruff check --fix --exit-zero --quiet . \
		&& exec $(PYTHON_IN_VENV) -m ruff format .

bench: ## Measure the speed against a bare application and write bench/RESULTS.md
	@$(ENTER) tools/environment.sh development && $(PYTHON_IN_VENV) tools/programs.py bench && tools/compile.sh && exec $(PYTHON_IN_VENV) bench/run.py $(ARGS)

simulate: ## 20,000 people and 60,000 robots against the checks (docs/abuse.md); takes a quarter of an hour
	@$(ENTER) tools/environment.sh development && tools/compile.sh && SIMULATE=1 exec $(PYTHON_IN_VENV) -m pytest -q -s rehearsals/robots $(ARGS)

hostile: ## Hostile values in every place of every route (docs/security.md); half an hour (EACH=1 for less, SEED=7)
	@$(ENTER) tools/environment.sh development && tools/compile.sh && HOSTILE=$${EACH:-2} exec $(PYTHON_IN_VENV) -m pytest -q -s rehearsals/hostile/test_hostile_inputs.py $(ARGS)

chaos: ## Sign while everything dies, and check what was acknowledged (SEED=7 T=60 ON=sqlite|postgresql)
	@$(ENTER) tools/environment.sh development && $(PYTHON_IN_VENV) tools/programs.py chaos && tools/compile.sh && exec $(PYTHON_IN_VENV) -m bench.chaos --seed $${SEED:-0} --seconds $${T:-60} --on $${ON:-postgresql}

cluster: ## The highly available example in network namespaces, one fault after the other (root; docs/highly-available.md)
	@$(ENTER) tools/environment.sh development && $(PYTHON_IN_VENV) tools/programs.py cluster && tools/compile.sh && exec $(PYTHON_IN_VENV) -m bench.cluster $(ARGS)

lighthouse: ## Lighthouse on a phone, of a running `make demo` (PORT as there; needs node and npm)
	@$(ENTER) tools/environment.sh development && $(PYTHON_IN_VENV) tools/programs.py browser && exec $(PYTHON_IN_VENV) -m bench.lighthouse "http://127.0.0.1:$${PORT:-8000}" $(ARGS)

pictures: ## Take the README's pictures from a running `make demo` (PORT as there)
	@$(ENTER) tools/environment.sh development && $(PYTHON_IN_VENV) tools/programs.py browser && exec $(PYTHON_IN_VENV) -m tools.pictures "http://127.0.0.1:$${PORT:-8000}"

image: ## Build the container image without a daemon, run it and sign (root; buildah, netavark, mmdebstrap, runc)
	@$(ENTER) exec python3 tools/image.py

translations: ## Update the catalogues from the sources (then translate new entries)
	@$(ENTER) tools/environment.sh development && exec $(PYTHON_IN_VENV) tools/catalogues.py update

routes: ## Write the tables of docs/routes.md from what the addresses declare
	@$(ENTER) tools/environment.sh development && exec $(PYTHON_IN_VENV) -m tools.routes

lock: ## Pin all dependencies again (ARGS="--upgrade" for newer releases)
	@$(ENTER) tools/environment.sh development && exec tools/lock.sh $(ARGS)

replay: ## The busiest day of a petition on this machine (X=2: twice the record; ARGS="--seconds 60", "--soak")
	@$(ENTER) tools/environment.sh development && $(PYTHON_IN_VENV) tools/programs.py bench && tools/compile.sh && exec $(PYTHON_IN_VENV) -m bench.replay $(if $(X),--factor $(X)) $(ARGS)
