package measure

import (
	"context"
	"slices"
	"time"

	"crawlbench/internal/plan"
	"crawlbench/internal/store"
)

// units returns what a round still has to take: blocks, and single samples in fresh processes.
func (r *Runner) units(slots []plan.Slot, round int) (list [][]plan.Slot) {
	block := map[plan.Cell]int{} // index in list
	for _, s := range slots {
		c := r.Run.Plan().Cells[s.Cell]
		i, ok := block[c.Group()]
		switch {
		case s.Round != round || r.failed(s.Cell):
		case c.Resident && ok:
			list[i] = append(list[i], s)
		default:
			if c.Resident {
				block[c.Group()] = len(list)
			}
			list = append(list, []plan.Slot{s})
		}
	}
	return list
}

// takeRound takes the units of a round in their order, except that a block waits until its group has rested: the
// noise of the machine lasts a second or two, and what is measured within that time depends on each other. While it
// waits, profiles are taken.
func (r *Runner) takeRound(ctx context.Context, units [][]plan.Slot) error {
	for len(units) > 0 {
		i, wait := r.next(units, time.Now())
		if wait > 0 {
			begin := time.Now()
			if more, err := r.nextPass(ctx); more || err != nil {
				r.passed += time.Since(begin)
				if err != nil {
					return err
				}
				continue
			}
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
		unit := units[i]
		units = slices.Delete(units, i, i+1)
		if c := r.Run.Plan().Cells[unit[0].Cell]; !c.Resident {
			if err := r.sample(ctx, unit[0]); err != nil {
				return err
			}
			continue
		}
		if err := r.takeBlock(ctx, unit); err != nil {
			return err
		}
	}
	return nil
}

// next returns the index of the unit to take next: the first that need not wait, or else the one that waits least, and
// how long.
func (r *Runner) next(units [][]plan.Slot, now time.Time) (index int, wait time.Duration) {
	p := r.Run.Plan()
	for i, unit := range units {
		ended, ok := r.ended[p.Cells[unit[0].Cell].Group()]
		left := p.Rest - now.Sub(ended)
		if !ok || !p.Cells[unit[0].Cell].Resident || left <= 0 {
			return i, 0
		}
		if i == 0 || left < wait {
			index, wait = i, left
		}
	}
	return index, wait
}

// pause waits for d.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// commitBlock commits the samples of a complete block together, with those of a first attempt that was disturbed.
func (r *Runner) commitBlock(b, first *block) error {
	playing := b.playing()
	var recs []store.Record
	start := b.begin
	for i, p := range playing {
		if first != nil {
			p.sample.Before = first.sampleOf(p.slot)
		}
		rec := b.record(p, store.KindSample)
		rec.Start, rec.More, rec.Sample = start.UTC(), len(playing)-1-i, p.sample
		start = start.Add(p.wall) // the times of the records follow each other, as those of fresh processes do
		recs = append(recs, rec)
	}
	if err := r.Run.Append(recs...); err != nil {
		return err
	}
	if r.ended == nil {
		r.ended = map[plan.Cell]time.Time{}
	}
	r.ended[b.group] = time.Now()
	for i, p := range playing {
		r.notify(p.cell, b.round, &recs[i])
	}
	return nil
}

// sampleOf returns the sample of a slot; nil if it has none.
func (b *block) sampleOf(s plan.Slot) *store.Sample {
	for _, p := range b.players {
		if p.slot == s {
			return p.sample
		}
	}
	return nil
}

// commitFailure commits the failure of a crawler of a block.
func (r *Runner) commitFailure(p *player, b *block) (err error) {
	rec := b.record(p, store.KindFailure)
	if rec.Failure, err = r.saveOutput(p.cell, rec, p.failure); err != nil {
		return err
	}
	if err := r.Run.Append(rec); err != nil {
		return err
	}
	r.notify(p.cell, b.round, &rec)
	return nil
}

// record returns the record of a player without its data.
func (b *block) record(p *player, kind store.Kind) store.Record {
	return store.Record{Kind: kind, Round: p.slot.Round, Slot: p.slot.Slot, Cell: p.cell.ID(), Start: b.begin.UTC(),
		Wall: p.wall.Seconds()}
}
