package conform

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Mutant is a crawler that is broken on purpose.
type Mutant struct {
	Name, Doc string
	// Of is the crawler that it is made from.
	Of    string
	edits []edit
	hook  func() redis.Hook
}

// edit replaces text in a script. The text must be there.
type edit struct{ script, old, new string }

// Subject returns the mutant as a crawler to be checked.
func (m Mutant) Subject() Subject {
	return Subject{Name: m.Of, Hook: m.hook, Edit: func(script, text string) string {
		for _, e := range m.edits {
			if e.script != script {
				continue
			}
			if strings.Count(text, e.old) != 1 {
				panic(fmt.Sprintf("mutant %s: %q is %d times in script %s, want 1", m.Name, e.old,
					strings.Count(text, e.old), script))
			}
			text = strings.Replace(text, e.old, e.new, 1)
		}
		return text
	}}
}

// Mutants returns all mutants.
func Mutants() []Mutant {
	return []Mutant{
		{
			Name: "emptyisend", Doc: "an empty queue is the end", Of: "redislua",
			edits: []edit{{"step", "if outstanding == 0 then", "if redis.call('LLEN', key('queue')) == 0 then"}},
		},
		{
			Name: "emptyisend.lease", Doc: "an empty queue is the end", Of: "redislease",
			edits: []edit{{"lease", "if outstanding == 0 then", "if redis.call('LLEN', key('queue')) == 0 then"}},
		},
		{
			Name: "endsilently", Doc: "processes that wait are not told of the end", Of: "redislua",
			edits: []edit{{"step", "  wake(1000000)\n", ""}},
		},
		{
			Name: "wakesnobody", Doc: "processes that wait are not told of new pages", Of: "redislua",
			edits: []edit{{"step", "  if length > n then wake(length - n) end\n", ""}},
		},
		{
			Name: "greedy", Doc: "a process takes all pages, and leaves none for others", Of: "redislua",
			edits: []edit{{"step", "math.min(want, math.ceil(length / members))", "math.min(want + 60, length)"}},
		},
		{
			Name: "seenatfetch", Doc: "a page is marked as seen when it is taken", Of: "redislua",
			edits: []edit{
				{"step", "    if #new > from then redis.call('SADD', key('seen'), unpack(new, from + 1)) end\n", ""},
				{"step", "redis.call('LPOP', key('queue'), n) end",
					"redis.call('LPOP', key('queue'), n) redis.call('SADD', key('seen'), unpack(pages)) end"},
			},
		},
		{
			Name: "seenafterfetch", Doc: "a link is looked up and stored in two calls", Of: "redisset",
			hook: func() redis.Hook { return lookFirst{} },
		},
		{
			Name: "budgetloose", Doc: "pages are not counted against the budget", Of: "redislua",
			edits: []edit{{"step", "    n = math.min(n, budget - admitted)\n", ""}},
		},
		{
			Name: "nobeat", Doc: "nobody notices a dead process", Of: "redislua",
			edits: []edit{{"beat", "time - beats[i + 1] > tonumber(ARGV[3])", "false"}},
		},
		{
			Name: "leavessilently", Doc: "a cancelled process does not tell the others", Of: "redislua",
			edits: []edit{{"fail", "fail(ARGV[3])\n", ""}},
		},
		{
			Name: "idletimeout", Doc: "a crawl that has made no progress for half a minute is over", Of: "redislua",
			edits: []edit{{"step", "return {0, take(", "if ARGV[3] ~= '0' or #ARGV > 6 then " +
				"redis.call('HSET', state, 'moved', whole(now())) " +
				"elseif now() - redis.call('HGET', state, 'moved') > 3e7 then return finish() end\nreturn {0, take("}},
		},
		{
			Name: "noreclaim", Doc: "leases that have ended are not looked for", Of: "redislease",
			edits: []edit{{"lease", "if #late > 0 then", "if false then"}},
		},
		{
			Name: "norenewal", Doc: "leases are not renewed", Of: "redislease",
			edits: []edit{{"renew", "'XX', unpack(leases)", "'XX', 0, 'no page'"}},
		},
		{
			Name: "renewsdone", Doc: "a lease that is gone is renewed", Of: "redislease",
			edits: []edit{{"renew", "'XX', unpack(leases)", "unpack(leases)"}},
		},
		{
			Name: "countslate", Doc: "an acknowledgement counts though the lease is gone: the count becomes negative",
			Of: "redislease",
			edits: []edit{{"lease", "    acknowledged = acknowledged + redis.call('ZREM',",
				"    acknowledged = acknowledged + math.min(i + 999, 8 + done) - i + 1\n    redis.call('ZREM',"}},
		},
		{
			Name: "clientclock", Doc: "leases are in the time of the clients, whose clocks differ by two leases",
			Of: "redislease",
			edits: []edit{
				{"lease", "local time = now()\n", "local time = now() + lease * 2 * string.match(me, '^%d+')\n"},
				{"renew", "now() + ARGV[3]", "now() + ARGV[3] * (1 + 2 * string.match(me, '^%d+'))"},
			},
		},
		{
			Name: "requeuesall", Doc: "all leases are taken back, not only those that have ended", Of: "redislease",
			edits: []edit{{"lease", "'-inf', whole(time), 'LIMIT'", "'-inf', '+inf', 'LIMIT'"}},
		},
		{
			Name: "rollback", Doc: "nobody notices that the server has an earlier state", Of: "redislease",
			edits: []edit{{"lease", "last ~= number and last ~= number - 1", "false"},
				{"lease", "if last == number - 1 then", "if last ~= number then"}},
		},
		{
			Name: "anycrawl", Doc: "nobody notices that the server has lost the crawl", Of: "redislease",
			edits: []edit{{"lease", "have[1] ~= crawl", "false"}, {"renew", "have[1] ~= crawl", "false"},
				{"lease", "last ~= number and last ~= number - 1", "false"},
				{"lease", "if last == number - 1 then", "if last ~= number then"}},
		},
		{
			Name: "beginsagain", Doc: "the crawl begins again when the server has lost it", Of: "redislease",
			edits: []edit{{"lease", "redis.error_reply('LOST", "redis.error_reply('FORGOT"},
				{"renew", "have[1] ~= crawl", "false"},
				{"join", "if ARGV[2] ~= '' and id ~= ARGV[2] then", "if false then"}},
		},
		{
			Name: "leftovers", Doc: "a new fleet drops the leases of the old one", Of: "redislease",
			edits: []edit{{"join", "redis.call('HSET', key('calls'), name, 0)\n",
				"redis.call('HSET', key('calls'), name, 0)\nif ARGV[2] == '' and string.match(name, '^4%.') then " +
					"redis.call('DEL', key('leases')) end\n"}},
		},
		{
			Name: "loadsonce", Doc: "scripts are loaded once, at the start", Of: "redislua",
			hook: func() redis.Hook { return &loadsOnce{} },
		},
		{
			Name: "litters", Doc: "the visited set is left at the server", Of: "redislua",
			edits: []edit{{"step", "'UNLINK', key('seen'), ", "'UNLINK', "}},
		},
		{
			Name: "mailpopped", Doc: "links are removed from the mailbox when they are read", Of: "redisshards",
			edits: []edit{
				{"sync", "    mail[#mail + 1] = list\n",
					"    mail[#mail + 1] = list\n    redis.call('DEL', key('mail:' .. ARGV[i]))\n"},
				{"sync", "if ARGV[at + 6] ~= '0' then", "if false then"},
			},
		},
		{
			Name: "mailuncounted", Doc: "links on their way are not outstanding", Of: "redisshards",
			edits: []edit{{"sync", "    change = change + ARGV[at + 2]\n", ""},
				{"sync", "- ARGV[at + 4] - ARGV[at + 7]", "- ARGV[at + 4]"}},
		},
		{
			Name: "notwritten", Doc: "pages that were found are not written through", Of: "redisshards",
			edits: []edit{{"sync", "pages, ARGV[at + 3], ARGV[at + 5])", "'', '', '')"}},
		},
		{
			Name: "nofencing", Doc: "an owner whose lease has ended may still write", Of: "redisshards",
			edits: []edit{
				{"sync", "redis.call('ZSCORE', key('members'), me)\n  and (", "(\n"},
				{"claim", "  redis.call('HDEL', key('calls'), name)\n", ""},
				{"claim", " or not redis.call('ZSCORE', key('members'), me)", ""},
			},
		},
		{
			Name: "nodeath", Doc: "shards of dead members are not taken over", Of: "redisshards",
			edits: []edit{{"claim", "if gone[owner] then", "if false then"}},
		},
		{
			Name: "onedeath", Doc: "only the first death is noticed", Of: "redisshards",
			edits: []edit{{"claim", "if gone[owner] then",
				"if gone[owner] then redis.call('HSETNX', state, 'dead', owner) end\n" +
					"  if gone[owner] and redis.call('HGET', state, 'dead') == owner then"}},
		},
		{
			Name: "countstwice", Doc: "a call whose answer was lost is made and counted twice", Of: "redisshards",
			edits: []edit{{"sync", "local again = last == number", "local again = false"}},
		},
		{
			Name: "deathforgiven", Doc: "the next owner forgets that the last one asked hosts until it died",
			Of:    "redisshards",
			edits: []edit{{"claim", "    redis.call('HSET', key('crashed'), shard, 1)\n", ""}},
		},
		{
			Name: "clockslost", Doc: "clocks of hosts are not handed over", Of: "redisshards",
			edits: []edit{{"sync", "pages, ARGV[at + 3], ARGV[at + 5])", "pages, ARGV[at + 3], '')"}},
		},
		{
			Name: "keepsall", Doc: "the first processes keep all shards", Of: "redisshards",
			edits: []edit{{"claim", "math.max(0, mine - share), ", "0, "}},
		},
		{
			Name: "sleepy", Doc: "a process is not woken when links come", Of: "redisshards",
			edits: []edit{{"sync", "redis.call('SREM', key('waiting'), owner) == 1", "false"}},
		},
		{
			Name: "budgetloose.shards", Doc: "pages are not cut to the budget", Of: "redisshards",
			edits: []edit{{"sync", "if n > room then", "if false then"}},
		},
	}
}

// lookFirst makes SADD a lookup and, after the answer, an addition.
type lookFirst struct{}

func (lookFirst) DialHook(next redis.DialHook) redis.DialHook { return next }

func (lookFirst) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (lookFirst) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		add, ok := cmd.(*redis.IntCmd)
		if !ok || cmd.Name() != "sadd" {
			return next(ctx, cmd)
		}
		look := redis.NewBoolCmd(ctx, "sismember", cmd.Args()[1], cmd.Args()[2])
		if err := next(ctx, look); err != nil {
			cmd.SetErr(err)
			return err
		}
		time.Sleep(10 * time.Millisecond)
		err := next(ctx, cmd)
		if !look.Val() {
			add.SetVal(1)
		}
		return err
	}
}

// loadsOnce lets each text of a script be sent once.
type loadsOnce struct {
	mu   sync.Mutex
	sent map[any]bool
}

func (*loadsOnce) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (*loadsOnce) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (l *loadsOnce) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "eval" {
			l.mu.Lock()
			again := l.sent[cmd.Args()[1]]
			if l.sent == nil {
				l.sent = map[any]bool{}
			}
			l.sent[cmd.Args()[1]] = true
			l.mu.Unlock()
			if again {
				err := fmt.Errorf("NOSCRIPT")
				cmd.SetErr(err)
				return err
			}
		}
		return next(ctx, cmd)
	}
}
