package graph

import "testing"

// Each page has a URL of http of its own, from which it is found, also where one was recorded by http and by https.
func TestEachPageHasAnHTTPURL(t *testing.T) {
	urls := []string{
		"https://a.example/", "http://a.example/", "http://b.example/x?y", "https://b.example/x?y",
		"http://c.example/only", "https://d.example?q", "http://d.example?q", "https://e.example", "http://e.example",
		"https://f.example/-/http/",
	}
	want := []string{
		"http://a.example/", "http://a.example/-/http/", "http://b.example/-/http/x?y", "http://b.example/x?y",
		"http://c.example/only", "http://d.example?q", "http://d.example/-/http/?q", "http://e.example",
		"http://e.example/-/http/", "http://f.example/-/http/",
	}
	g := &Graph{Offsets: make([]uint64, len(urls)+1), Hosts: []uint32{0, 2, 4, 5, 7, 9}}
	r := &Record{Sizes: make([]uint64, len(urls)), Waits: make([]uint32, len(urls)), Status: make([]int16, len(urls))}
	for p, url := range urls {
		r.Text = append(r.Text, url...)
		r.Ends = append(r.Ends, uint64(len(r.Text)))
		r.Status[p] = 200
	}
	if err := g.SetRecord(r); err != nil {
		t.Fatal(err)
	}
	for p := range uint32(len(urls)) {
		if got := g.HTTPURL(p); got != want[p] {
			t.Errorf("%s is served at %s, want %s", urls[p], got, want[p])
		}
		if got, ok := g.HTTPPage(g.HTTPURL(p)); !ok || got != p {
			t.Errorf("%s is page %d, %v, want %d", g.HTTPURL(p), got, ok, p)
		}
	}
	for _, url := range []string{
		"https://a.example/", "http://g.example/", "http://c.example/-/http/only", "a", "", "http://d.example/-/httpq",
	} {
		if p, ok := g.HTTPPage(url); ok {
			t.Errorf("%q is page %d", url, p)
		}
	}
	plain := &Graph{Offsets: make([]uint64, 3), Hosts: []uint32{0, 1}}
	for p := range uint32(2) {
		if got, ok := plain.HTTPPage(plain.HTTPURL(p)); !ok || got != p || plain.HTTPURL(p)[:7] != "http://" {
			t.Errorf("%s is page %d, %v", plain.HTTPURL(p), got, ok)
		}
	}
}
