package measure

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"crawlbench/internal/plan"
)

// A job survives encoding with every byte of its paths; UTF-8 paths stay readable for older programs.
func TestJobPreservesPaths(t *testing.T) {
	for _, path := range []string{"", "results/run/.graphs/g.graph", "/a b/\xff\xfe=$x\n", `"/quoted`} {
		want := Job{
			Cell:     plan.Cell{Impl: "a", Rate: 5},
			Cache:    path,
			Dir:      path + "/profiles",
			Sample:   time.Second,
			Profiles: []string{"cpu"},
			Crews:    []Crew{{1, 2}},
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Job
		if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("decoded %+v, %v; want %+v", got, err, want)
		}
	}
	text, err := json.Marshal(Job{Cache: "a/b"})
	var old struct{ Cache string }
	if err != nil || json.Unmarshal(text, &old) != nil || old.Cache != "a/b" {
		t.Errorf("%s, %v", text, err)
	}
}
