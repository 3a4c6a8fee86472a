package crash

import (
	"strings"
	"testing"
	"time"

	"crawlbench/internal/plain/screen"
)

func TestTable(t *testing.T) {
	frontiers := []Frontier{{Name: "safe"}, {Name: "unsafe", Loses: "it has no leases"}}
	list := []Round{
		{Frontier: "safe", Kind: Process, Ended: true,
			Verdict: Verdict{Twice: 3, Most: 3, Back: 500 * time.Millisecond}},
		{Frontier: "safe", Kind: Process, Ended: true,
			Verdict: Verdict{Twice: 1, Most: 1, Back: 700 * time.Millisecond}},
		{Frontier: "safe", Kind: Process, Ended: true},
		{Frontier: "unsafe", Kind: Process, Verdict: Verdict{Lost: 13}},
		{Frontier: "unsafe", Kind: Process, Ended: true},
		{Frontier: "safe", Kind: Killed, Ended: true, Verdict: Verdict{Beyond: 2, Twice: 2}, Failed: []string{"a|b"}},
	}
	rows := Rows(list, frontiers)
	if len(rows) != 3 || !rows[0].Kept() || !rows[1].Kept() || rows[2].Kept() {
		t.Fatalf("rows %+v", rows)
	}
	var text, markdown strings.Builder
	Text(&text, screen.Screen{}, rows)
	Markdown(&markdown, rows)
	for _, want := range []string{
		"safe      process  3       3", "600.0 ms", "700.0 ms", "13 in 1 crawl",
		"unsafe, death of a process: not made to survive it: it has no leases.",
		"safe, death of a server: BROKEN",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	for _, want := range []string{
		"| safe | process | 3 | 3 | 0 | 4 | 3 | 0 | 0 | 600.0 ms | 700.0 ms |\n",
		"| unsafe | process | 2 | 1 | 13 in 1 crawl | 0 | 0 | 0 | 0 | \\- | \\- |\n",
		"\nsafe, death of a server: a\\|b\n",
	} {
		if !strings.Contains(markdown.String(), want) {
			t.Errorf("no %q in\n%s", want, &markdown)
		}
	}
}
