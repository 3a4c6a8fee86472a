package profile

import (
	"bytes"
	"testing"
)

// pprof's pages show any profile, even a hostile one, and terminate.
func FuzzHandler(f *testing.F) {
	for _, p := range []*Profile{testProfile("cpu", "leaf", 500), testProfile("delay", "</script>", -1)} {
		var b bytes.Buffer
		if err := p.WriteUncompressed(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ReadFrom(bytes.NewReader(text), "x")
		if err != nil {
			return
		}
		h, err := Handler(Flame{Title: "x", Profile: p})
		if err != nil {
			return
		}
		for _, page := range []string{"/flamegraph", "/top", "/peek?f=."} {
			if w := get(h, page); w.Code >= 500 && w.Code != 501 {
				t.Logf("%s: code %d: %.200s", page, w.Code, w.Body)
			}
		}
	})
}
