// Package frontier has crawlers for fleets: the processes of a crawl share a frontier and a visited set on a Valkey or
// Redis server.
//
//   - redisset asks the server about each link, and takes one page at a time. It is the naive one.
//   - redislua makes one call for a batch of pages: done, links in, pages out.
//   - redislease is redislua with a lease for each page that is taken, so that a dead process loses nothing.
//   - redisshards divides the hosts into shards, which the processes own. The visited set and the clocks of a shard are
//     in the memory of its owner; the server carries links between shards, and keeps a log of each shard, from which
//     the next owner goes on. It keeps Options.Politeness.
//
// They are crawlers of the contract (package bench), for ids and for URLs. Options.Fleet says which process of the
// crawl this is, and where the server is. With several processes, the contract differs as follows:
//
//   - Each page is fetched exactly once by the fleet if no process dies or is cut off from the server. If one is, pages
//     that it had taken and not acknowledged are fetched again by others with redislease and redisshards; with redisset
//     and redislua they are lost, and the crawl ends with an error in all processes, as soon as the death is noticed.
//   - MaxPages is the number of pages that all processes may fetch together. Pages that are fetched again do not count
//     again, and pages that robots.txt forbids do count.
//   - A cancelled process, or one whose limiter has failed, counts as a dead one.
//   - A crawl that all processes have left goes on when processes with the same Fleet.Name come (redislease and
//     redisshards), if the server has kept it. If the server has forgotten it, the crawl ends with an error.
//   - With redisshards, fetches that are cut short because the lease of their process has ended count as pages and
//     errors of that process, although others fetch the pages again.
//   - Attempts of pages whose hosts refused them, and robots.txt, are known to the owner of the host, and not to the
//     next one, which asks again.
//
// All decisions that concern several processes are made on the server, in scripts (directory lua). The crawl is over
// when the number of outstanding pages is 0; the script that adds links and acknowledges pages finds this. Leases are
// timed by the server's clock.
package frontier

import (
	"cmp"
	"context"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"crawlbench/internal/crawl"
)

// Settings are set by tests and experiments. Crawlers uses the zero value.
type Settings struct {
	// Dial connects to the server. Nil means sockets.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Edit returns the text of a script by its name, such as "lease", given the right one. Nil leaves all as they are.
	// It is for crawlers that are broken on purpose.
	Edit func(name, text string) string
	// Hook, if not nil, sees all commands.
	Hook redis.Hook
	// Outage is the time for which redislease and redisshards try to reach the server. 0 means half a minute.
	Outage time.Duration
	// Timeout is the time that the server has for an answer. 0 means 2 s.
	Timeout time.Duration
}

func (s Settings) outage() time.Duration  { return cmp.Or(s.Outage, 30*time.Second) }
func (s Settings) timeout() time.Duration { return cmp.Or(s.Timeout, 2*time.Second) }

// Crawlers returns the crawlers.
func Crawlers() []crawl.Crawler { return Settings{}.Crawlers() }

// Parameters of the crawlers.
var (
	leaseParam = crawl.Param{
		Name: "lease", Doc: "time after which a silent process counts as dead", Time: true,
		Default: int64(5 * time.Second), Min: int64(10 * time.Millisecond), Max: int64(time.Hour),
	}
	batchParam = crawl.Param{
		Name: "batch", Doc: "largest number of pages taken and acknowledged in a call", Default: 64, Min: 1, Max: 1024,
	}
	syncParam = crawl.Param{
		Name: "batch", Doc: "number of fetched pages after which they are written to the server", Default: 1024, Min: 1,
		Max: 8192,
	}
	shardsParam = crawl.Param{Name: "shards", Doc: "shards of hosts", Default: 64, Min: 1, Max: 4096}
)

// Crawlers returns the crawlers with these settings.
func (s Settings) Crawlers() []crawl.Crawler {
	polite := s.crawler("redisshards", "fleet, polite: hosts owned in shards, links between shards over the server",
		[]crawl.Param{leaseParam, syncParam, shardsParam}, shardsOf[uint32], shardsOf[string])
	polite.Polite = true
	return []crawl.Crawler{
		s.crawler("redisset", "fleet: a call to the server for each link, one page at a time",
			[]crawl.Param{leaseParam}, setOf[uint32], setOf[string]),
		s.crawler("redislua", "fleet: one script for a batch of pages",
			[]crawl.Param{leaseParam, batchParam}, luaOf[uint32], luaOf[string]),
		s.crawler("redislease", "fleet: one script for a batch of pages, with leases",
			[]crawl.Param{leaseParam, batchParam}, leaseOf[uint32], leaseOf[string]),
		polite,
	}
}

// config is the name of a crawler and the values of its parameters.
type config struct {
	Settings
	name          string
	lease         time.Duration
	batch, shards int
}

// crawler makes a crawler of a constructor for each kind of key.
func (s Settings) crawler(
	name, doc string, params []crawl.Param,
	byID func(config) crawl.Func[uint32], byURL func(config) crawl.Func[string],
) crawl.Crawler {
	with := func(values []int64) (crawl.Func[uint32], crawl.Func[string]) {
		c := config{Settings: s, name: name}
		for i, p := range params {
			switch v := values[i]; p.Name {
			case "lease":
				c.lease = time.Duration(v)
			case "batch":
				c.batch = int(v)
			case "shards":
				c.shards = int(v)
			}
		}
		return byID(c), byURL(c)
	}
	c := crawl.Crawler{Name: name, Doc: doc, Fleet: true, Params: params, With: with}
	var defaults []int64
	for _, p := range params {
		defaults = append(defaults, p.Default)
	}
	c.ByID, c.ByURL = with(defaults)
	return c
}
