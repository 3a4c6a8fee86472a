package crash

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestCommandChecksItsFlags(t *testing.T) {
	none := func(context.Context, bool) (Server, error) { return nil, errors.New("no server") }
	c := Command{Frontiers: toys(), Serve: none}
	for want, args := range map[string][]string{
		`no frontier "redis": want one of lease, pop`: {"-frontier", "redis"},
		"nothing to kill":             {"-kills", "0", "-server", "0"},
		"negative number of crawls":   {"-kills", "-1"},
		"invalid -processes 1":        {"-processes", "1"},
		"invalid -workers 0":          {"-workers", "0"},
		"-pages":                      {"-pages", "-5"},
		"invalid -stall 1s":           {"-stall", "1s"},
		`invalid -format "csv"`:       {"-format", "csv"},
		`unexpected argument "more"`:  {"more"},
		"flag provided but not defin": {"-nothing"},
	} {
		var out, errs strings.Builder
		code := c.Main(args, &out, &errs)
		if code != exitUsage || !strings.Contains(errs.String(), want) || out.Len() > 0 {
			t.Errorf("%v: exit code %d, %q, want %d and %q", args, code, errs.String(), exitUsage, want)
		}
	}
	var out, errs strings.Builder
	code := c.Main(nil, &out, &errs)
	if code != exitFailure || !strings.Contains(errs.String(), "crawlbench: crash: no server") {
		t.Errorf("without a server: exit code %d, %q", code, errs.String())
	}
	if code = c.Main([]string{"-help"}, &out, &errs); code != exitOK || !strings.Contains(out.String(), "-kills") {
		t.Errorf("help: exit code %d, %q", code, out.String())
	}
}
