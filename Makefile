# Thin targets over the command line; "make help" lists them.
SCENARIO ?= quick
FLAGS    ?=
RUN      ?= latest
PROFILE  ?= cpu
CRAWLBENCH = .bin/crawlbench
export CRAWLBENCH_MAKE = 1
# Recipes take these from the environment, so that names may have spaces, quotes and whatever else the shell would split
# or interpret.
export SCENARIO RESUME RUN OLD NEW DIR CELL BASE PROFILE ROWS GAPBS GAPBS_TD

TARGETS := $(shell sed -n 's/^\([a-z]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))
# make takes "make limits -rows X" for its own flags and a target X; say so before anything is measured.
ifneq ($(filter-out $(TARGETS),$(MAKECMDGOALS)),)
$(error no target $(filter-out $(TARGETS),$(MAKECMDGOALS)): "make help" lists them. What they take is set with =, as in \
  make limits ROWS="cas" and make bench FLAGS="-rounds 6")
endif

help: ## list the targets
	@width=$${COLUMNS:-$$(tput cols 2>/dev/null || echo 100)}; awk -v "width=$$width" -f scripts/help.awk $(firstword $(MAKEFILE_LIST))

# Scenario fleet needs the program of bench/redis, whose hints are its own commands.
FLEET = $(filter fleet,$(basename $(notdir $(SCENARIO))))

bench: $(if $(FLEET),fleet,build) ## measure a scenario: make bench [SCENARIO=quick or path.toml] [FLAGS="-budget 2m"] [RESUME=dir]
	@$(if $(FLEET),CRAWLBENCH_MAKE= .bin/crawlbench-fleet,$(CRAWLBENCH)) run $(FLAGS) $(if $(RESUME),-resume "$$RESUME","$$SCENARIO")

build: ## build .bin/crawlbench, without cgo, because with cgo the runtime detects no deadlocks
	@CGO_ENABLED=0 go build -o $(CRAWLBENCH) ./bench/cmd/crawlbench

fleet: ## build .bin/crawlbench-fleet, with crawls and limits that several processes share over Valkey or Redis
	@cd bench/redis && CGO_ENABLED=0 go build -o ../../.bin/crawlbench-fleet ./cmd/crawlbench

# The longest tests begin first, so that none of them runs alone at the end.
LONGEST = measure cli conform lesson
test: ## run all tests; make lint vets
	go test -vet=off -p 3 -timeout 20m $(LONGEST:%=./internal/%) ./...

compare: build ## compare with benchstat: make compare [RUN=dir], or OLD=dir NEW=dir
	@$(CRAWLBENCH) compare $(FLAGS) $(if $(OLD)$(NEW),"$$OLD" "$$NEW","$$RUN")

report: build ## print the result of a run and write its report: make report [RUN=dir]
	@$(CRAWLBENCH) report $(FLAGS) "$$RUN"

flame: build ## open a flame graph: make flame CELL="mutexmap rmat14" [PROFILE=block] [BASE="cas rmat14"] [RUN=dir]
	@$(CRAWLBENCH) serve $(FLAGS) -profile "$$PROFILE" -cell "$$CELL" -base "$$BASE" "$$RUN"

serve: build ## show all runs in a browser: make serve [RUN=dir to open]
	@$(CRAWLBENCH) serve $(FLAGS) $(if $(filter-out latest,$(RUN)),"$$RUN")

export: build ## write the pages of a run as static files: make export DIR=site [RUN=dir]
	@$(CRAWLBENCH) export $(FLAGS) "$$RUN" $(if $(DIR),"$$DIR")

conform: build ## check that the crawlers keep the contract: make conform [FLAGS=-mutants]
	@$(CRAWLBENCH) conform $(FLAGS)

explain: build ## test the findings of a run by experiments that could refute them: make explain [RUN=dir] [FLAGS="-budget 2m"]
	@$(CRAWLBENCH) explain $(FLAGS) "$$RUN"

causal: build ## find which line of a crawler limits it, by delaying lines: make causal CELL="mutexmap rmat14" [RUN=dir]
	@$(CRAWLBENCH) causal $(FLAGS) -cell "$$CELL" "$$RUN"

lesson: build ## learn about concurrent crawlers: make lesson lists the lessons, make lesson N=3 runs one
	@$(CRAWLBENCH) lesson $(FLAGS) $(N)

doctor: build ## measure this machine's noise, timers and profiling overhead
	@$(CRAWLBENCH) doctor $(FLAGS)

stress: build ### check the crawlers on many schedules of one processor, and that this finds broken ones
	@$(CRAWLBENCH) conform -yield ./internal/crawler/...,./internal/crawl/engine,./internal/crawl/visited -checks storm,shapes,cancel,errors,again -seeds $(or $(SEEDS),5) $(FLAGS)
	@$(CRAWLBENCH) conform -yield ./internal/conform/mutant,./internal/crawl/engine -checks storm -seeds 20 -mutants right loadthenstore norecheck unlockedmap rareloss growsbare

mutate: ### mutation testing of the logic of crawlbench: make mutate [FLAGS="plan stat"]
	@scripts/mutate.sh $(FLAGS)

limits: ### speed of fast crawlers relative to slow ones and to GAPBS: make limits [ROWS=regexp] [GAPBS=checkout] [GAPBS_TD=its bfs, top-down only]
	@go build -o .bin/limits ./scripts/limits
	@go build -tags purego -o .bin/limits.purego ./scripts/limits
	@.bin/limits -purego .bin/limits.purego -rows "$$ROWS" -gapbs "$$GAPBS" -topdown "$$GAPBS_TD" $(FLAGS)

microbench: ### benchmarks of hot code, for benchstat: make microbench [COUNT=6] [BENCH=regexp] >new.txt
	@scripts/microbench.sh $(or $(COUNT),1) $(or $(BENCH),.)

reference: ### measure quick anew on a quiet machine, as the run in results/reference that README shows
	@scripts/reference.sh

list: build ## list crawlers, scenarios, kinds of graphs and limiters: make list [WHAT=runs or cells]
	@$(CRAWLBENCH) list $(FLAGS) $(WHAT)

outsiders: ### crawl served sites with colly, wget, wget2, Scrapy and Crawlee, if installed
	@scripts/outsiders $(FLAGS)

browser: ### run the tests in a browser, which need chromium; screenshots go to .bin/screenshots
	cd internal/testing/browser && go vet ./... && \
		CRAWLBENCH_SCREENSHOTS="$${CRAWLBENCH_SCREENSHOTS:-$(CURDIR)/.bin/screenshots}" go test ./...

corpora: ### compare URLs, links and robots.txt with tests of the web, real pages and other libraries: downloads 60 MB
	cd internal/testing/corpora && go vet ./... && go test $(FLAGS) ./...

shards: ### run the commands of the examples for Kubernetes, GitHub and Slurm, and check these files
	cd scripts/shards && go vet ./... && go test $(FLAGS) ./...

# What is concurrent in this process; conform checks the crawlers in processes of their own.
CONCURRENT = crawl crawl/engine crawl/limiter crawl/polite crawl/visited crawler/... host host/child measure parallel report/ui simulate store web web/fetch/robots web/server
race: ### run the tests of what is concurrent under the race detector
	go test -vet=off -p 3 -race -short -timeout 20m $(CONCURRENT:%=./internal/%)

lint: ### vet, formatting, static analysis
	@scripts/lint.sh

platforms: ### vet for macOS, FreeBSD, Windows and arm64, whose unit tests run under qemu-user if there is one
	@scripts/platforms.sh

fuzz: ### run every fuzz target for a time: make fuzz [FUZZTIME=20s]
	@scripts/fuzz.sh $(or $(FUZZTIME),20s)

crash: ### kill runs at random moments and resume them: make crash [KILLS=100]
	@scripts/crash.sh $(or $(KILLS),100)

cover: ### test coverage by package
	go test -short -cover ./...

.PHONY: $(TARGETS)
