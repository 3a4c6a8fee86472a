package measure

import (
	"fmt"
	"math"
	"time"

	"crawlbench/internal/host/child"
	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// player is a crawler that takes turns in a block.
type player struct {
	slot     plan.Slot
	cell     plan.Cell
	job      Job
	program  string
	resident *child.Resident
	slices   []store.Slice
	mark     time.Duration // its processor time when it began to wait
	outside  time.Duration // its processor time while it waited
	wall     time.Duration // that was its own: its start, its turns and its end

	end     *child.End // nil while it is alive
	sample  *store.Sample
	failure *failure
}

const (
	// busyBetween is the flag of a resident that used a processor while it waited, and so disturbed the others.
	busyBetween = "busy between turns"
	// outsideShare is the share of the time of its slices that a resident may use while it waits.
	outsideShare = 0.05
	// settleStep is a time in which a process that has settled uses less than a part in settleShare of a processor.
	settleStep, settleShare = 100 * time.Microsecond, 10
	// settleMost is how long a process may take to settle, or as long as one of its crawls if that is longer: the more
	// a crawl allocates, the longer its garbage is collected.
	settleMost = 2 * time.Millisecond
)

// spend adds the time since begin to what was the player's own.
func (p *player) spend(begin time.Time) { p.wall += time.Since(begin) }

// crawl hands the machine to the player for a slice. If there is no answer, it waits for the end of the process, and
// the player has failed.
func (p *player) crawl(length, limit time.Duration) error {
	defer p.spend(time.Now())
	p.outside += p.resident.CPU() - p.mark
	var s store.Slice
	ok, err := p.resident.Ask(turn{length}, limit, &s)
	if err != nil {
		return err
	}
	if !ok {
		if err := p.finish(limit); err != nil || p.failure != nil {
			return err
		}
		return fmt.Errorf("measure %s: its process ended before its last turn", p.cell.ID())
	}
	p.pause(time.Duration(s.Seconds / float64(s.Crawls) * float64(time.Second)))
	p.slices = append(p.slices, s)
	return nil
}

// pause makes the player, whose last crawl took so long, use no processor until its next turn.
func (p *player) pause(crawl time.Duration) {
	if p.job.Pauses {
		p.resident.Pause()
		p.mark = p.resident.CPU()
		return
	}
	p.mark = settle(p.resident.CPU, max(settleMost, crawl))
}

// settle waits until a process of the given processor time uses no processor any more, at most for most, and returns
// its processor time. The end of a garbage collection then falls into the player's own turn, uncounted, and not into
// that of the next.
func settle(cpu func() time.Duration, most time.Duration) time.Duration {
	used := cpu()
	for begin := time.Now(); ; {
		time.Sleep(settleStep)
		now := cpu()
		if now-used < settleStep/settleShare || time.Since(begin) >= most {
			return now
		}
		used = now
	}
}

// finish ends the process, which checks what the crawls left behind. Then the player has a sample or has failed.
func (p *player) finish(limit time.Duration) (err error) {
	if p.end, err = p.resident.End(limit); err != nil {
		p.end = &child.End{} // it has ended all the same
		return err
	}
	o, failure, err := outcomeOfChild(p.job, p.end, p.program)
	if err != nil {
		return err
	}
	if p.failure = failure; failure == nil {
		p.sample = o.Sample
	}
	return nil
}

// logs returns the logarithms of the mean time of a crawl in each slice; over HTTP, of its processor time.
func (p *player) logs() (list []float64) {
	for _, s := range p.slices {
		seconds := s.Seconds
		if p.cell.Transport == plan.HTTP {
			seconds = s.CPU
		}
		list = append(list, math.Log(seconds/float64(s.Crawls)))
	}
	return list
}

// seconds returns the time of all slices.
func (p *player) seconds() (sum float64) {
	for _, s := range p.slices {
		sum += s.Seconds
	}
	return sum
}
