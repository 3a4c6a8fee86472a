package plan

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"crawlbench/internal/stat"
)

// stored returns a plan and its JSON.
func stored(t testing.TB) (*Plan, []byte) {
	t.Helper()
	s := base()
	s.Crawlers, s.Rounds = []string{"a", "b", "seq"}, 3
	s.Bursts, s.Limiters = []int{0, 7}, []string{"", "paced"}
	p, err := Make(s, table(), 2)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return p, text
}

func TestPlanIsReadAsItWasWritten(t *testing.T) {
	want, text := stored(t)
	for what, text := range map[string][]byte{
		"unchanged":           text,
		"with CRLF":           []byte(strings.ReplaceAll(string(text), "\n", "\r\n")),
		"with unknown fields": []byte(strings.Replace(string(text), "{", `{"later": [1, {"x": {}}],`, 1)),
		"compact":             []byte(strings.NewReplacer("\n", "", "  ", "").Replace(string(text))),
		"with the seed of 64 bit": []byte(strings.Replace(string(text), `"seed": 42`, `"seed": 18446744073709551615`,
			1)),
	} {
		got, err := Read(text)
		if err == nil && what == "with the seed of 64 bit" {
			got.Seed -= 1<<64 - 1 - 42
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n%+v, want\n%+v", what, err, got, want)
		}
	}
}

// Older plans have a graph's start as a number.
func TestPlansOfOlderProgramsAreRead(t *testing.T) {
	_, text := stored(t)
	for _, start := range []string{"null", "5", "0"} {
		if _, err := Read([]byte(strings.Replace(string(text), `"Start": null`, `"Start": `+start, 1))); err != nil {
			t.Errorf("start %s: %v", start, err)
		}
	}
}

// A plan is untrusted. Each of these could write to other files, crash the program, exhaust memory,
// or attribute the results of one cell to another.
func TestInvalidPlansAreRefused(t *testing.T) {
	_, text := stored(t)
	n := 0
	refuse := func(what string, text []byte, says string) {
		t.Helper()
		n++
		if p, err := Read(text); p != nil || err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want %q", what, err, says)
		}
	}
	for what, text := range map[string]string{"nothing": "", "half": string(text[:len(text)/2]),
		"zeros": strings.Repeat("\x00", 100), "text": `"plan"`, "a list": "[]", "deep": strings.Repeat("[", 1e6)} {
		refuse(what, []byte(text), "")
	}
	for what, text := range map[string]string{"null": "null", "empty": "{}"} {
		refuse(what, []byte(text), "no crawlers or no cells")
	}
	change := func(what, says string, change func(p *Plan)) {
		t.Helper()
		p, _ := stored(t)
		change(p)
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		refuse(what, text, says)
	}
	for _, name := range []string{"", "../../x", "/etc/passwd", "a/b", `a\b`, "a b", "a\nb", "\x1b[2J", "<script>",
		"a,b", "a=b", "-x", "a\u202eb", "a\u200bb", "a\x00b", "ä"} {
		says := fmt.Sprintf("%q", name)
		change("graph", says, func(p *Plan) { p.Graphs[0].Name = name })
		change("graph of a cell", says, func(p *Plan) { p.Cells[0].Graph = name })
		change("crawler", says, func(p *Plan) { p.Crawlers[0] = name })
		change("crawler of a cell", says, func(p *Plan) { p.Cells[0].Impl = name })
		change("kind of a profile", says, func(p *Plan) { p.Passes[0].Kinds[0] = name })
		change("keys", says, func(p *Plan) { p.Cells[0].Keys = name })
		if name != "" {
			change("limiter", says, func(p *Plan) { p.Cells[0].Limiter = name })
		}
		if name != "-x" {
			change("scenario", says, func(p *Plan) { p.Scenario = name })
		}
	}
	long := strings.Repeat("x", 200)
	change("a name that is too long for a file's", "shorten the names",
		func(p *Plan) { p.Crawlers[0], p.Cells[0].Impl = long, long })
	change("a graph that is not there", "does not have", func(p *Plan) { p.Cells[1].Graph = "other" })
	change("a crawler that is not there", "does not have", func(p *Plan) { p.Cells[1].Impl = "other" })
	change("no graphs", "does not have", func(p *Plan) { p.Graphs = nil })
	change("no crawlers", "no crawlers", func(p *Plan) { p.Crawlers = nil })
	change("a graph twice", "occurs twice", func(p *Plan) { p.Graphs[1].Name = p.Graphs[0].Name })
	change("a crawler twice", "occurs twice", func(p *Plan) { p.Crawlers[1] = p.Crawlers[0] })
	change("a cell twice", "occurs twice", func(p *Plan) { p.Cells[1] = p.Cells[0] })
	for _, workers := range []int{-1, 0, 1 << 40} {
		change("workers", fmt.Sprintf("%d workers", workers), func(p *Plan) { p.Cells[0].Workers = workers })
		change("processors", fmt.Sprintf("GOMAXPROCS %d", workers), func(p *Plan) { p.Cells[0].Procs = workers })
	}
	change("burst", "burst -1", func(p *Plan) { p.Cells[0].Burst = -1 })
	change("budget", "budget of -1", func(p *Plan) { p.Cells[0].MaxPages = -1 })
	change("turns", "-1 turns", func(p *Plan) { p.Turns = -1 })
	change("rest", "out of bounds", func(p *Plan) { p.Rest = maxRest + 1 })
	change("residents without turns", "cell 1 is resident", func(p *Plan) {
		p.Turns = 0
		p.Cells[0].Resident = true
	})
	change("half a block", "others of its group are not", func(p *Plan) {
		p.Turns = 3
		for i, c := range p.Cells {
			p.Cells[i].Resident = c.Rate == 0 && c.Impl == p.Crawlers[0]
		}
	})
	change("sample", "samples of -1", func(p *Plan) { p.Sample = -1 })
	change("deadline", "deadline of 87", func(p *Plan) { p.Deadline = 8760 * time.Hour })
	change("length", "passes of -1", func(p *Plan) { p.Length = -1 })
	change("memory", "-1 bytes", func(p *Plan) { p.Memory = -1 })
	for _, rounds := range []int{-1, 0, 2, 4, 1e8, 1 << 62, -1 << 63} {
		change("rounds", fmt.Sprintf("want %d rounds", rounds), func(p *Plan) { p.Rounds = rounds })
	}
	change("no schedule", "0 slots", func(p *Plan) { p.Schedule = nil })
	change("a slot too many", "slots", func(p *Plan) { p.Schedule = append(p.Schedule, p.Schedule[0]) })
	change("a slot too few", "slots", func(p *Plan) { p.Schedule = p.Schedule[1:] })
	for _, cell := range []int{-1, 1 << 20, 1 << 62} {
		change("a slot of no cell", fmt.Sprintf("cell %d", cell), func(p *Plan) { p.Schedule[5].Cell = cell })
		change("a pass of no cell", fmt.Sprintf("of cell %d", cell), func(p *Plan) { p.Passes[1].Cell = cell })
	}
	change("slots changed about", "entry 2",
		func(p *Plan) { p.Schedule[1], p.Schedule[2] = p.Schedule[2], p.Schedule[1] })
	change("a slot of another round", "entry 1", func(p *Plan) { p.Schedule[0].Round = 1 })
	change("a cell twice in a round", "a second time in round 1", func(p *Plan) {
		cells := len(p.Cells)
		p.Schedule[cells].Cell = p.Schedule[cells+1].Cell
	})
	for _, rounds := range []int{-1, 1, 2, 1 << 62} {
		change("paced rounds", "the schedule", func(p *Plan) { p.RateLimitedRounds = rounds })
	}
	change("looks without stop", "want none", func(p *Plan) { p.Looks = []stat.Look{{Blocks: 3, Share: 1}} })
	change("no looks", "0 looks", func(p *Plan) { p.Stop = true })
	change("a last look too early", "last look", func(p *Plan) { p.Stop, p.Looks = true, stat.FinalLook(2) })
	change("too much alpha", "share 1.5", func(p *Plan) {
		p.Stop, p.Looks = true, []stat.Look{{Blocks: 2, Share: 0.5}, {Blocks: 3, Share: 1}}
	})
	change("a pass of nothing", "not valid names", func(p *Plan) { p.Passes[0].Kinds = nil })
	for what, list := range map[string]string{"slots": "schedule", "cells": "cells", "graphs": "graphs",
		"crawlers": "crawlers", "profile passes": "passes", "looks": "looks"} {
		refuse(what, fmt.Appendf(nil, `{"%s": [%s0]}`, list, strings.Repeat("0,", 4<<20)), "more than")
	}
	t.Logf("%d plans are refused", n)
}

// Elements of a list can take a hundred times the memory of their text.
func TestReadingAPlanTakesLittleMemory(t *testing.T) {
	text := []byte(`{"cells": [` + strings.Repeat("{},", 1<<24) + `{}]}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Read(text)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err == nil || took > 4*uint64(len(text)) {
		t.Errorf("%d bytes of text took %d: %v", len(text), took, err)
	}
}

// The smallest and the largest numbers are valid.
func TestBoundsAreWithin(t *testing.T) {
	p := &Plan{Scenario: "a-b.c_d+e", Rounds: 1, Crawlers: []string{"a"}, Graphs: []Graph{{Name: "g"}},
		Cells: []Cell{{Impl: "a", Graph: "g", Keys: "url", Workers: 1 << 26, Procs: 1 << 20, Burst: 1 << 31,
			MaxPages: 1 << 62, Limiter: "later"}}, Schedule: []Slot{{}}}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"scenario":"s","seed":1,"sample_ns":1000,"fetch":{"Latency":{"Model":"constant","Median":9}},"crawlers":["a","a.control"],"graphs":[{"Name":"g","Spec":{"Kind":"chain","Pages":5,"Start":null}}],"cells":[{"impl":"a","graph":"g","keys":"id","workers":1,"rate":"20000","burst":3,"gomaxprocs":1,"max_pages":7}],"rounds":2,"schedule":[{"round":0,"slot":0,"cell":0},{"round":1}],"passes":[]}`))
	f.Add([]byte(`{"scenario":"s","crawlers":["a"],"graphs":[{"Name":"g"}],"cells":[{"impl":"a","graph":"g","keys":"id","workers":1,"rate":"inf","gomaxprocs":1}],"rounds":1,"schedule":[{}],"passes":[{"kinds":["cpu"]}]}`))
	f.Add([]byte(`{"rounds":-1,"cells":[null],"schedule":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Read(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		q, err := Read(again)
		if err != nil || len(q.Schedule) != len(p.Schedule) || len(q.Cells) != len(p.Cells) {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		for _, c := range p.Cells {
			if id := c.ID(); strings.ContainsAny(id, "/\\ \n\x1b") || len(id) > longestID {
				t.Fatalf("a cell is called %q", id)
			}
			p.Graph(c.Graph)
			c.BucketSize()
			c.Ideal(1, 1, p.Fetch.Latency.MeanWait(), p.Fetch.CPU)
		}
		if p.Rounds*len(p.Cells) != len(p.Schedule) {
			t.Fatalf("%d rounds of %d cells in %d slots", p.Rounds, len(p.Cells), len(p.Schedule))
		}
		p.SetRounds(p.Rounds)
	})
}
