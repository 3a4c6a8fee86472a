package breakdown

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
)

// Hostile files are refused before they take memory.
func TestHostileBreakdowns(t *testing.T) {
	for name, test := range map[string]struct{ text, says string }{
		"breakdowns":    {"[" + strings.Repeat("{},", 1<<21) + "{}]", "objects"},
		"places":        {`[{"sites":[` + strings.Repeat("{},", 1<<21) + "{}]}]", "objects"},
		"nulls":         {`[{"sites":[` + strings.Repeat("null,", 1<<23) + "null]}]", "elements"},
		"classes":       {`[{"state_sec":{` + strings.Repeat(`"a":1,`, 1<<23) + `"b":1}}]`, "elements"},
		"nested":        {strings.Repeat("[", 1<<20), "exceeded max depth"},
		"nested within": {`[{"x":` + strings.Repeat("[", 1<<20), "exceeded max depth"},
		"nothing":       {"", ""},
		"text":          {"root:x:0:0", ""},
		"a number":      {"[1]", ""},
		"too large":     {`[{"wall_sec":1e999}]`, ""},
		"not a number":  {`[{"wall_sec":NaN}]`, ""},
		"truncated":     {`[{"wall_sec":1`, ""},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse([]byte(test.text))
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %.200v, want %q", name, err, test.says)
		}
		if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 100 {
			t.Errorf("%s: it took %d MB", name, mb)
		}
	}
}

func FuzzParse(f *testing.F) {
	text, err := json.Marshal([]*Breakdown{{Workers: 8, Seconds: map[State]float64{Lock: 1},
		Sites: []Site{{Where: "a"}},
		Ends:  []End{{By: "b"}}, Roles: []Role{{Entry: "c"}}}, nil, {}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`[{"workers":1e9,"state_sec":{"blocked: lock":-1e308}},null,{}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := Parse(text)
		if err != nil {
			return
		}
		Summarize(list)
		for _, l := range list {
			if l != nil {
				l.Share(Lock)
			}
		}
	})
}
