package polite

// Clock says when one host may be asked. It is for schedulers that have an object for each host; a Table has the
// same rules in less memory.
type Clock struct {
	rest  int64   // no fetch before this time
	busy  int     // turns
	holds int     // turns that no other may follow yet: the start of the fetch or the answer of robots.txt is awaited
	free  []int64 // when the places that rest become free, ascending
	gap   int64   // 0 means the gap of the rules
	asked bool    // robots.txt was asked for
}

// Ready returns the time from which the host may be asked, and false if it depends on a turn that has not ended.
func (c *Clock) Ready(r Rules) (at int64, ok bool) {
	switch {
	case r.OneHost:
		return 0, true
	case c.holds > 0 || c.busy >= r.PerHost:
		return 0, false
	case c.busy+len(c.free) >= r.PerHost:
		return max(c.rest, c.free[c.busy+len(c.free)-r.PerHost]), true
	}
	return c.rest, true
}

// Idle reports whether the host has no turn.
func (c *Clock) Idle() bool { return c.busy == 0 }

// Take begins a turn, and reports whether it is for robots.txt.
func (c *Clock) Take(r Rules, now int64) (robots bool) {
	for len(c.free) > 0 && c.free[0] <= now {
		c.free = c.free[1:]
	}
	c.busy++
	if r.FromStart {
		c.holds++
	}
	if r.Robots && !c.asked {
		c.asked = true
		c.holds++
		return true
	}
	return false
}

func (c *Clock) gapOf(r Rules) int64 {
	if c.gap > 0 {
		return c.gap
	}
	return r.Gap
}

// Begin records that the fetch of a turn begins now. It is needed if the gap is measured from
// there.
func (c *Clock) Begin(r Rules, now int64) {
	c.holds--
	c.rest = max(c.rest, now+c.gapOf(r))
}

// EndOf ends a turn.
func EndOf[K comparable](c *Clock, r Rules, turn Turn[K], now int64) {
	c.busy--
	if turn.Gap > 0 {
		c.gap = int64(turn.Gap)
	}
	if turn.Robots {
		c.holds--
		c.asked = !turn.Again
	}
	if turn.Rest > 0 {
		c.rest = max(c.rest, now+int64(turn.Rest))
	}
	gap := c.gapOf(r)
	switch {
	case r.OneHost:
	case turn.Skipped:
		if r.FromStart {
			c.holds--
		}
	case !r.FromStart && gap > 0:
		at := now + gap
		i := len(c.free)
		for c.free = append(c.free, at); i > 0 && c.free[i-1] > at; i-- {
			c.free[i], c.free[i-1] = c.free[i-1], at
		}
	}
}
