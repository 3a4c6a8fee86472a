package server

import (
	"net/url"
	"testing"

	"pgregory.net/rapid"
)

// TestRelativeReferencesResolve uses net/url as the oracle.
func TestRelativeReferencesResolve(t *testing.T) {
	paths := rapid.StringMatching(`/([a-c:~]{1,2}/){0,4}[a-c:~.]{0,2}(\?[a-c/.?=]{0,4})?`).Filter(isPlain)
	rapid.Check(t, func(t *rapid.T) {
		base, path := paths.Draw(t, "base"), paths.Draw(t, "path")
		b, err := url.Parse("http://h.example" + base)
		if err != nil {
			t.Fatal(err)
		}
		want, err := url.Parse("http://h.example" + path)
		if err != nil {
			t.Fatal(err)
		}
		ref := relative(base, path)
		got, err := b.Parse(ref)
		if err != nil || got.String() != want.String() {
			t.Fatalf("%q from %q is %q, which leads to %v: %v", path, base, ref, got, err)
		}
	})
}
