package limit

import (
	"container/list"
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"crawlbench/internal/crawl"
)

// slots is a limiter that reserves the pages of the next 10 ms, a block of slots, with one call. The slots are given
// out in this process when their times come, first come, first served.
//
// No window of the fleet has more than rate x length + burst, up to differences between the durations of calls: a slot
// is used between the time that the burst allows and the time at which it is due, and then expires, or a little later
// if the timer wakes a waiting worker late. Waiting workers hold no slot. So a cancelled wait leaves nothing behind:
// the next one gets its slot. What a process has reserved is lost when it ends, or when its demand ends: at most a
// block and a half, 15 ms of the rate. A process that lets slots expire reserves smaller blocks.
//
// If the server dies, a process uses the slots that it has, and then every Wait returns an error. If the server loses
// its state, each process tells it how far it has reserved. The first to do so cannot know what the others have
// reserved, and skips as much as they can have.
type slots struct {
	*reserver
	block int // slots of a full block
	spare int // the next block is reserved when no more slots are left, and more wait than that

	mu      sync.Mutex
	queue   list.List // of chan grant: the waits
	blocks  []block   // what is left of the blocks, in order of time
	size    int       // slots of the next block
	expired bool      // since the last block some slots have expired
	calling bool
	known   int64 // the end of the schedule after the last reservation
	timer   *time.Timer
	stop    context.CancelFunc
	ctx     context.Context // of the calls, which no Wait owns
}

// block is some slots that follow each other.
type block struct {
	due  float64 // when the first is due, in ns since the start
	left int
}

// grant is what a wait gets: a slot, or an error.
type grant struct {
	due float64
	err error
}

const (
	// blockTime is the time whose pages make a block.
	blockTime = 10 * time.Millisecond
	// late is how late a timer may be. A process that was stopped for longer does not use all of its slots at once.
	late = 10 * time.Millisecond
)

func newSlots(c *conn, rate float64, burst int) (crawl.Limiter, error) {
	return slotsOf(c, rate, burst, max(1, int(rate*blockTime.Seconds()))), nil
}

// slotsOf returns a limiter with blocks of n slots.
func slotsOf(c *conn, rate float64, burst, n int) *slots {
	s := &slots{reserver: newReserver(c, rate, burst), block: n, spare: (n + 1) / 2, size: n}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.timer = time.AfterFunc(math.MaxInt64, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.serve()
	})
	s.timer.Stop()
	return s
}

// NonReserving implements crawl.NonReserving: waits that are cancelled later do not make a process reserve more.
func (s *slots) NonReserving() {}

// Close gives up the slots. No Wait may be in progress.
func (s *slots) Close() error {
	s.stop()
	s.timer.Stop()
	return s.conn.Close()
}

func (s *slots) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	granted := make(chan grant, 1)
	s.mu.Lock()
	if s.queue.Len() == 0 {
		s.expire(time.Since(s.start))
	}
	place := s.queue.PushBack(granted)
	s.serve()
	s.mu.Unlock()
	select {
	case g := <-granted:
		return g.err
	case <-ctx.Done():
		s.leave(place, granted)
		return ctx.Err()
	}
}

// leave takes a cancelled wait out of the queue. If it was given a slot at the same moment, the next one gets that.
func (s *slots) leave(place *list.Element, granted chan grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case g := <-granted:
		if g.err == nil {
			s.blocks = slices.Insert(s.blocks, 0, block{g.due, 1})
		}
	default:
		s.queue.Remove(place)
	}
	s.serve()
}

// expire drops the slots that were due before a time.
func (s *slots) expire(before time.Duration) {
	for len(s.blocks) > 0 && s.blocks[0].due < float64(before) {
		b := s.blocks[0]
		n := min(b.left, int(math.Ceil((float64(before)-b.due)/s.interval)))
		s.drop(n)
		s.size = max(1, s.size-n)
		s.expired = true
	}
}

// drop removes the next n slots, which are of one block.
func (s *slots) drop(n int) {
	b := &s.blocks[0]
	b.due += float64(n) * s.interval
	if b.left -= n; b.left == 0 {
		s.blocks = s.blocks[1:]
	}
}

// left returns how many slots are left.
func (s *slots) left() (n int) {
	for _, b := range s.blocks {
		n += b.left
	}
	return n
}

// serve gives the slots whose times have come to waiting workers, and prepares the next ones.
func (s *slots) serve() {
	now := time.Since(s.start)
	s.expire(now - late)
	for s.queue.Len() > 0 && len(s.blocks) > 0 && s.until(s.blocks[0].due, now) <= 0 {
		s.queue.Remove(s.queue.Front()).(chan grant) <- grant{due: s.blocks[0].due}
		s.drop(1)
	}
	if s.queue.Len() > 0 && len(s.blocks) > 0 {
		s.timer.Reset(s.until(s.blocks[0].due, now))
	} else {
		s.timer.Stop()
	}
	if left := s.left(); s.queue.Len() > left && left <= s.spare && !s.calling {
		s.calling = true
		if !s.expired {
			s.size = min(s.block, 2*s.size)
		}
		s.expired = false
		n, known := s.size, s.known
		s.running.Go(func() { s.reserveBlock(n, known) })
	}
}

// reserveBlock reserves n slots. If that fails, waits without a slot fail too.
func (s *slots) reserveBlock(n int, known int64) {
	r, err := s.reserve(s.ctx, n, known, s.others*(s.block+s.spare))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calling = false
	if err != nil {
		for s.queue.Len() > s.left() {
			s.queue.Remove(s.queue.Back()).(chan grant) <- grant{err: s.failed(err)}
		}
		return
	}
	s.known = r.end
	s.blocks = append(s.blocks, block{r.due, n})
	s.serve()
}
