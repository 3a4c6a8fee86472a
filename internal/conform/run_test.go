package conform

import (
	"encoding/json"
	"testing"

	"crawlbench/internal/host/child"
)

// Errors of the runtime about bubbles are told from panics of the crawler and from other errors.
func TestOutsideBubbleIsKnown(t *testing.T) {
	for text, want := range map[string]bool{
		"fatal error: receive on synctest channel from outside bubble\nin mine.crawl":         true,
		"fatal error: select on synctest channel from outside bubble":                         true,
		"fatal error: reset of synctest timer from outside bubble":                            true,
		"fatal error: sync: WaitGroup.Add called from multiple synctest bubbles":              true,
		"panic: receive on synctest channel from outside bubble":                              false,
		"fatal error: concurrent map writes\nreceive on synctest channel from outside bubble": false,
		"fatal error: all goroutines are asleep - deadlock!":                                  false,
	} {
		if is := outsideBubble(&child.End{Class: child.Panic, Text: text}); is != want {
			t.Errorf("%q: %v, want %v", text, is, want)
		}
	}
	if outsideBubble(&child.End{Class: child.Exit, Text: "fatal error: reset of synctest timer from outside bubble"}) {
		t.Error("the exit of a process was taken for an error of the runtime")
	}
}

// A hint is reported only for a check that did not end.
func TestHintsAreNotFailures(t *testing.T) {
	text, err := json.Marshal("it polls")
	if err != nil {
		t.Fatal(err)
	}
	records := []child.Record{{Kind: hint, Body: text}}
	if kind, say := worstRecord(records); kind != Pass || say != "" {
		t.Errorf("%s: %s", kind, say)
	}
	if is := hinted(&child.End{Records: records}); is != "it polls\n" {
		t.Errorf("%q", is)
	}
}
