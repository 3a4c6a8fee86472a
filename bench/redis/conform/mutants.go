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
		{"emptyisend", "an empty queue is the end", "redislua",
			[]edit{{"step", "if outstanding == 0 then", "if redis.call('LLEN', key('queue')) == 0 then"}}, nil},
		{"emptyisend.lease", "an empty queue is the end", "redislease",
			[]edit{{"lease", "if outstanding == 0 then", "if redis.call('LLEN', key('queue')) == 0 then"}}, nil},
		{"endsilently", "processes that wait are not told of the end", "redislua",
			[]edit{{"step", "  wake(1000000)\n", ""}}, nil},
		{"wakesnobody", "processes that wait are not told of new pages", "redislua",
			[]edit{{"step", "  if length > n then wake(length - n) end\n", ""}}, nil},
		{"greedy", "a process takes all pages, and leaves none for others", "redislua",
			[]edit{{"step", "math.min(want, math.ceil(length / members))", "math.min(want + 60, length)"}}, nil},
		{"seenatfetch", "a page is marked as seen when it is taken", "redislua",
			[]edit{
				{"step", "    if #new > from then redis.call('SADD', key('seen'), unpack(new, from + 1)) end\n", ""},
				{"step", "redis.call('LPOP', key('queue'), n) end",
					"redis.call('LPOP', key('queue'), n) redis.call('SADD', key('seen'), unpack(pages)) end"},
			}, nil},
		{"seenafterfetch", "a link is looked up and stored in two calls", "redisset",
			nil, func() redis.Hook { return lookFirst{} }},
		{"budgetloose", "pages are not counted against the budget", "redislua",
			[]edit{{"step", "    n = math.min(n, budget - admitted)\n", ""}}, nil},
		{"nobeat", "nobody notices a dead process", "redislua",
			[]edit{{"beat", "time - beats[i + 1] > tonumber(ARGV[3])", "false"}}, nil},
		{"leavessilently", "a cancelled process does not tell the others", "redislua",
			[]edit{{"fail", "fail(ARGV[3])\n", ""}}, nil},
		{"idletimeout", "a crawl that has made no progress for half a minute is over", "redislua",
			[]edit{{"step", "return {0, take(", "if ARGV[3] ~= '0' or #ARGV > 6 then " +
				"redis.call('HSET', state, 'moved', whole(now())) " +
				"elseif now() - redis.call('HGET', state, 'moved') > 3e7 then return finish() end\nreturn {0, take("}}, nil},
		{"noreclaim", "leases that have ended are not looked for", "redislease",
			[]edit{{"lease", "if #late > 0 then", "if false then"}}, nil},
		{"norenewal", "leases are not renewed", "redislease",
			[]edit{{"renew", "'XX', unpack(leases)", "'XX', 0, 'no page'"}}, nil},
		{"renewsdone", "a lease that is gone is renewed", "redislease",
			[]edit{{"renew", "'XX', unpack(leases)", "unpack(leases)"}}, nil},
		{"countslate", "an acknowledgement counts though the lease is gone: the count becomes negative", "redislease",
			[]edit{{"lease", "    acknowledged = acknowledged + redis.call('ZREM',",
				"    acknowledged = acknowledged + math.min(i + 999, 8 + done) - i + 1\n    redis.call('ZREM',"}}, nil},
		{"clientclock", "leases are in the time of the clients, whose clocks differ by two leases", "redislease",
			[]edit{
				{"lease", "local time = now()\n", "local time = now() + lease * 2 * string.match(me, '^%d+')\n"},
				{"renew", "now() + ARGV[3]", "now() + ARGV[3] * (1 + 2 * string.match(me, '^%d+'))"},
			}, nil},
		{"requeuesall", "all leases are taken back, not only those that have ended", "redislease",
			[]edit{{"lease", "'-inf', whole(time), 'LIMIT'", "'-inf', '+inf', 'LIMIT'"}}, nil},
		{"rollback", "nobody notices that the server has an earlier state", "redislease",
			[]edit{{"lease", "last ~= number and last ~= number - 1", "false"},
				{"lease", "if last == number - 1 then", "if last ~= number then"}}, nil},
		{"anycrawl", "nobody notices that the server has lost the crawl", "redislease",
			[]edit{{"lease", "have[1] ~= crawl", "false"}, {"renew", "have[1] ~= crawl", "false"},
				{"lease", "last ~= number and last ~= number - 1", "false"},
				{"lease", "if last == number - 1 then", "if last ~= number then"}}, nil},
		{"beginsagain", "the crawl begins again when the server has lost it", "redislease",
			[]edit{{"lease", "redis.error_reply('LOST", "redis.error_reply('FORGOT"},
				{"renew", "have[1] ~= crawl", "false"},
				{"join", "if ARGV[2] ~= '' and id ~= ARGV[2] then", "if false then"}}, nil},
		{"leftovers", "a new fleet drops the leases of the old one", "redislease",
			[]edit{{"join", "redis.call('HSET', key('calls'), name, 0)\n",
				"redis.call('HSET', key('calls'), name, 0)\nif ARGV[2] == '' and string.match(name, '^4%.') then " +
					"redis.call('DEL', key('leases')) end\n"}}, nil},
		{"loadsonce", "scripts are loaded once, at the start", "redislua",
			nil, func() redis.Hook { return &loadsOnce{} }},
		{"litters", "the visited set is left at the server", "redislua",
			[]edit{{"step", "'UNLINK', key('seen'), ", "'UNLINK', "}}, nil},
		{"mailpopped", "links are removed from the mailbox when they are read", "redisshards",
			[]edit{
				{"sync", "    mail[#mail + 1] = list\n",
					"    mail[#mail + 1] = list\n    redis.call('DEL', key('mail:' .. ARGV[i]))\n"},
				{"sync", "if ARGV[at + 6] ~= '0' then", "if false then"},
			}, nil},
		{"mailuncounted", "links on their way are not outstanding", "redisshards",
			[]edit{{"sync", "    change = change + ARGV[at + 2]\n", ""},
				{"sync", "- ARGV[at + 4] - ARGV[at + 7]", "- ARGV[at + 4]"}}, nil},
		{"notwritten", "pages that were found are not written through", "redisshards",
			[]edit{{"sync", "pages, ARGV[at + 3], ARGV[at + 5])", "'', '', '')"}}, nil},
		{"nofencing", "an owner whose lease has ended may still write", "redisshards",
			[]edit{
				{"sync", "redis.call('ZSCORE', key('members'), me)\n  and (", "(\n"},
				{"claim", "  redis.call('HDEL', key('calls'), name)\n", ""},
				{"claim", " or not redis.call('ZSCORE', key('members'), me)", ""},
			}, nil},
		{"nodeath", "shards of dead members are not taken over", "redisshards",
			[]edit{{"claim", "if gone[owner] then", "if false then"}}, nil},
		{"onedeath", "only the first death is noticed", "redisshards",
			[]edit{{"claim", "if gone[owner] then",
				"if gone[owner] then redis.call('HSETNX', state, 'dead', owner) end\n" +
					"  if gone[owner] and redis.call('HGET', state, 'dead') == owner then"}}, nil},
		{"countstwice", "a call whose answer was lost is made and counted twice", "redisshards",
			[]edit{{"sync", "local again = last == number", "local again = false"}}, nil},
		{"deathforgiven", "the next owner forgets that the last one asked hosts until it died", "redisshards",
			[]edit{{"claim", "    redis.call('HSET', key('crashed'), shard, 1)\n", ""}}, nil},
		{"clockslost", "clocks of hosts are not handed over", "redisshards",
			[]edit{{"sync", "pages, ARGV[at + 3], ARGV[at + 5])", "pages, ARGV[at + 3], '')"}}, nil},
		{"keepsall", "the first processes keep all shards", "redisshards",
			[]edit{{"claim", "math.max(0, mine - share), ", "0, "}}, nil},
		{"sleepy", "a process is not woken when links come", "redisshards",
			[]edit{{"sync", "redis.call('SREM', key('waiting'), owner) == 1", "false"}}, nil},
		{"budgetloose.shards", "pages are not cut to the budget", "redisshards",
			[]edit{{"sync", "if n > room then", "if false then"}}, nil},
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
