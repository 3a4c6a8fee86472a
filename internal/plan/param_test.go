package plan

import (
	"strings"
	"testing"
	"time"

	"crawlbench/internal/crawl"
)

func TestParamsAreParsedAsTheyAreWritten(t *testing.T) {
	queues := crawl.Param{Name: "B", Unit: "W", Default: 3, Min: 1, Max: 100}
	tick := crawl.Param{Name: "tick", Time: true, Default: 10e6, Min: 1000, Max: int64(time.Second)}
	for _, c := range []struct {
		p     crawl.Param
		text  string
		value int64 // 0: an error with want
		want  string
	}{
		{queues, "3W", 3, ""},
		{queues, "100W", 100, ""},
		{tick, "1.5ms", 1_500_000, ""},
		{tick, "1us", 1000, ""},
		{queues, "3", 0, "want a value such as 3W"},
		{queues, "W", 0, "want a value such as 3W"},
		{queues, "3.5W", 0, "want a value such as 3W"},
		{queues, "", 0, "want a value such as 3W"},
		{queues, "0W", 0, "want 1W to 100W"},
		{queues, "101W", 0, "want 1W to 100W"},
		{queues, "-3W", 0, "want 1W to 100W"},
		{queues, "03W", 0, "write it 3W"},
		{tick, "10", 0, "want a value such as 10ms"},
		{tick, "1h", 0, "want 1us to 1s"},
		{tick, "1500us", 0, "write it 1.5ms"},
	} {
		got, err := parseParam(c.p, c.text)
		if c.value > 0 && (err != nil || got != c.value || formatParam(c.p, got) != c.text) {
			t.Errorf("%s: %d, %v, want %d", c.text, got, err, c.value)
		}
		if c.value == 0 && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		}
	}
}
