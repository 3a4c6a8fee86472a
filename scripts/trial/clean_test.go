package main

import (
	"fmt"
	"strings"
	"testing"

	"crawlbench/internal/plan"
)

// report returns the JSON of a report that says one cause of a cell.
func report(workers int, kind string) string {
	cell := fmt.Sprintf("impl=x,graph=g,keys=id,workers=%d,rate=inf-2", workers)
	return fmt.Sprintf(`{"findings": [{"kind": %q, "cell": %q, "text": "x is so"}], "cells": [{"cell": %q, "samples": 6}]}`,
		kind, cell, cell)
}

// A cause that is on the list of a situation, for that number of workers, is true, and any other is false.
func TestCausesThatAreNotOnTheListAreFalse(t *testing.T) {
	verdict := func(n, workers int, kind string) string {
		t.Helper()
		var b strings.Builder
		if err := clean("check", fmt.Sprint(n), strings.NewReader(report(workers, kind)), &b); err != nil {
			t.Fatal(err)
		}
		if strings.Count(b.String(), "\n") != 1 {
			t.Fatalf("situation %d: %q, want one line", n, &b)
		}
		return strings.Split(b.String(), "\t")[0]
	}
	for n := range 200 {
		s := situationOf(n)
		for workers, list := range map[int][]string{1: s.one, 16: s.several} {
			for _, kind := range list {
				if got := verdict(n, workers, kind); got != "true" {
					t.Errorf("situation %d, %d workers: %s is %s", n, workers, kind, got)
				}
			}
			if got := verdict(n, workers, "hot atomic"); got != "false" {
				t.Errorf("situation %d, %d workers: a hot atomic is %s", n, workers, got)
			}
		}
		if got := verdict(n, 1, "processor-bound"); got != "false" {
			t.Errorf("situation %d: that one worker lacks a processor is %s", n, got)
		}
	}
	if got := verdict(0, 8, "contended lock"); got != "false" {
		t.Errorf("the cause that must be found is %s", got)
	}
}

func TestDisturbedCellsAreTold(t *testing.T) {
	text := `{"cells": [{"cell": "a", "samples": 6, "flagged": 4}, {"cell": "b", "samples": 6, "flagged": 3}]}`
	var b strings.Builder
	if err := clean("check", "1", strings.NewReader(text), &b); err != nil ||
		b.String() != "disturbed\t1\ta: 4 of 6 samples are flagged\n" {
		t.Errorf("%q, error %v", &b, err)
	}
}

func TestInvalidReportsAreErrors(t *testing.T) {
	for what, text := range map[string]string{
		"not JSON":      "x",
		"no cells":      `{}`,
		"a failed cell": `{"cells": [{"cell": "a", "samples": 6, "failure": "wrong: 3 pages missing"}]}`,
		"no samples":    `{"cells": [{"cell": "a"}]}`,
	} {
		var b strings.Builder
		if err := clean("check", "1", strings.NewReader(text), &b); err == nil {
			t.Errorf("%s: no error, %q", what, &b)
		}
	}
	if err := clean("situation", "-1", nil, nil); err == nil {
		t.Error("situation -1 exists")
	}
}

// 200 situations are different, and each is a scenario of crawlers that exist.
func TestSituationsAreScenarios(t *testing.T) {
	exists := map[string]bool{}
	for _, c := range crawlers() {
		exists[c.Name] = true
	}
	seen, kinds := map[string]int{}, map[string]int{}
	for n := range 201 {
		s := situationOf(n)
		text := s.scenario(n)
		if _, err := plan.Parse("x.toml", []byte(text)); err != nil {
			t.Errorf("situation %d: %v\n%s", n, err, text)
		}
		if !exists[s.crawler] {
			t.Errorf("situation %d: no crawler %q", n, s.crawler)
		}
		_, rest, _ := strings.Cut(text, "\n") // without the number
		rest = strings.Replace(rest, fmt.Sprintf("seed = %d\n", n), "", 1)
		if m, twice := seen[rest]; twice {
			t.Errorf("situations %d and %d are the same", m, n)
		}
		seen[rest] = n
		kinds[s.what]++
	}
	for what, n := range kinds {
		if n < 10 && n != 1 {
			t.Errorf("%s: %d of 200 situations", what, n)
		}
	}
}
