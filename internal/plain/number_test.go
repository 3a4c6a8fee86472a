package plain_test

import (
	"testing"

	"crawlbench/internal/plain"
)

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ have, want string }{
		{plain.Number(0), "0"}, {plain.Number(999), "999"},
		{plain.Number(1000), "1,000"}, {plain.Number(1234567), "1,234,567"},
		{plain.Number(-100), "-100"}, {plain.Number(-100_000), "-100,000"},
		{plain.Number(1e15), "1,000,000,000,000,000"},
		{plain.Number(2e18), "2e+18"}, {plain.Number(-2e18), "-2e+18"},
		{plain.Count(0, "page"), "0 pages"}, {plain.Count(1, "page"), "1 page"},
		{plain.Count(2, "profile pass"), "2 profile passes"},
		{plain.Count(65536, "cell"), "65,536 cells"}, {plain.Count(2, "fetch"), "2 fetches"},
		{plain.Bytes(0), "0 bytes"}, {plain.Bytes(1023), "1023 bytes"}, {plain.Bytes(1536), "1.5 KiB"},
		{plain.Bytes(1.3e9), "1.21 GiB"}, {plain.Bytes(1023 << 20), "1023 MiB"}, {plain.Bytes(4e15), "3638 TiB"},
	} {
		if test.have != test.want {
			t.Errorf("have %q, want %q", test.have, test.want)
		}
	}
}
