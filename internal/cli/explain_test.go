package cli

import (
	"testing"

	"crawlbench/internal/diagnose"
	"crawlbench/internal/plan"
)

func TestCellOfTellsCellsApart(t *testing.T) {
	test := func(graph, keys string) diagnose.Test {
		return diagnose.Test{Cell: "graph=" + graph + ",keys=" + keys,
			Base: plan.Cell{Impl: "cas", Graph: graph, Workers: 2}}
	}
	all := []diagnose.Test{test("g", "id"), test("g", "url"), test("h", "id")}
	for i, want := range []string{"cas with 2 workers on g (graph=g,keys=id)",
		"cas with 2 workers on g (graph=g,keys=url)", "cas with 2 workers on h"} {
		if got := cellOf(all[i], all); got != want {
			t.Errorf("cellOf is %q, want %q", got, want)
		}
	}
}
