package frontier

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"crawlbench/internal/crawl"
)

type noWeb struct{}

func (noWeb) Fetch(context.Context, uint32) ([]uint32, error) { return nil, nil }

// A crawl without a server is refused with one sentence that says what is wanted.
func TestFleetIsRequired(t *testing.T) {
	for _, c := range Crawlers() {
		if !c.Fleet || c.ByID == nil || c.ByURL == nil || c.Polite != (c.Name == "redisshards") {
			t.Errorf("%s: fleet %v, polite %v", c.Name, c.Fleet, c.Polite)
		}
		for _, test := range []struct {
			fleet *crawl.Fleet
			want  string
		}{
			{nil, "no fleet: want Options.Fleet"},
			{&crawl.Fleet{Processes: 1, Name: "x"}, "the fleet has no server: want Options.Fleet"},
			{&crawl.Fleet{Processes: 1, Server: "redis://127.0.0.1:1"}, "the crawl has no name: want Fleet.Name"},
			{&crawl.Fleet{Processes: 1, Name: "x", Server: "http://x"}, "invalid URL of a server"},
			{&crawl.Fleet{Index: 2, Processes: 2, Name: "x", Server: "redis://127.0.0.1:1"}, "process 2 of 2: want"},
		} {
			did, err := c.ByID(t.Context(), noWeb{}, []uint32{0}, crawl.Options{Workers: 1, Fleet: test.fleet})
			if err == nil || did.Pages != 0 || !strings.HasPrefix(err.Error(), c.Name+": "+test.want) {
				t.Errorf("%s with %+v: %+v, %v, want %q", c.Name, test.fleet, did, err, test.want)
			}
		}
	}
}

func TestRecords(t *testing.T) {
	pages := []string{"0", "", "http://h.example/a:b", strings.Repeat("x", 300), "1:2"}
	var list []byte
	for _, p := range pages {
		list = appendPage(list, p)
	}
	var got []string
	if err := pagesOf(string(list), func(p string) error { got = append(got, p); return nil }); err != nil ||
		!reflect.DeepEqual(got, pages) {
		t.Errorf("pages %q, %v, want %q", got, err, pages)
	}
	for _, bad := range []string{"3:ab", "x:ab", "2", "-1:a", "99999999999999999999:a"} {
		if err := pagesOf(bad, func(string) error { return nil }); err == nil {
			t.Errorf("the list of pages %q is accepted", bad)
		}
	}
	done := []uint32{0, 7, 1 << 31, 300}
	if got, err := doneOf(string(appendDone(nil, done))); err != nil || !reflect.DeepEqual(got, done) {
		t.Errorf("done %v, %v, want %v", got, err, done)
	}
	clocks := []clock{{5, 1_700_000_000_000_000, 0}, {0, -3, 1 << 40}}
	text := string(appendClocks(nil, clocks))
	if got, err := clocksOf(text); err != nil || !reflect.DeepEqual(got, clocks) {
		t.Errorf("clocks %v, %v, want %v", got, err, clocks)
	}
	for i := range len(text) {
		if list, err := clocksOf(text[:i]); err == nil && len(list) != 0 && i != 11 {
			if want := clocks[:1]; !reflect.DeepEqual(list, want) {
				t.Errorf("a part of the clocks reads as %v", list)
			}
		}
	}
	if _, err := doneOf("\xff"); err == nil {
		t.Error("half a number is accepted")
	}
}

// Hosts are divided evenly among shards, and all processes agree how.
func TestShardsAreEven(t *testing.T) {
	const hosts, shards = 64_000, 64
	var count [shards]int
	for h := range hosts {
		count[shardOf(fmt.Sprintf("https://www.h%d.example", h), shards)]++
	}
	for s, n := range count {
		if n < hosts/shards*8/10 || n > hosts/shards*12/10 {
			t.Errorf("shard %d has %d of %d hosts", s, n, hosts)
		}
	}
	if got := shardOf("https://www.h1.example", 64); got != wantShard {
		t.Errorf("the shard of a host is %d, want %d: crawls at servers would not go on", got, wantShard)
	}
}

const wantShard = 24

// Hosts of one server are in one shard, and are one host.
func TestServersAreHosts(t *testing.T) {
	of := placesOf[string](&crawl.Politeness{Server: func(host string) string {
		return map[string]string{"http://a.example": "10.0.0.1", "http://b.example": "10.0.0.1"}[host]
	}}, 64)
	a, b, c := of("http://a.example/1"), of("http://b.example/2"), of("http://c.example/")
	if a != b || a.host == c.host {
		t.Errorf("places %v, %v, %v", a, b, c)
	}
	ids := placesOf[uint32](&crawl.Politeness{HostOf: func(id uint32) uint32 { return id / 10 }}, 64)
	if ids(3) != ids(9) || ids(3).host == ids(10).host {
		t.Errorf("places %v, %v, %v", ids(3), ids(9), ids(10))
	}
}
