package fetch

import (
	"context"
	"fmt"
	"io"
	"time"
)

// watch ends a fetch that takes too long: in total, or without a byte of the body.
type watch struct {
	ctx         context.Context
	cancel      context.CancelCauseFunc
	timer       *time.Timer
	end         time.Time // of the whole
	whole, idle time.Duration
}

func newWatch(ctx context.Context, s *Settings) *watch {
	w := &watch{end: time.Now().Add(s.WholeTimeout), whole: s.WholeTimeout, idle: s.IdleTimeout}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.timer = time.AfterFunc(w.whole, w.expire)
	return w
}

func (w *watch) expire() {
	if time.Now().Before(w.end) {
		w.cancel(timeout(fmt.Sprintf("no byte of the body in %v", w.idle)))
		return
	}
	w.cancel(timeout(fmt.Sprintf("it took longer than %v in total", w.whole)))
}

// expectByte requires a byte within the idle time.
func (w *watch) expectByte() { w.timer.Reset(min(w.idle, time.Until(w.end))) }

// expectEnd lifts the limit on the idle time.
func (w *watch) expectEnd() { w.timer.Reset(time.Until(w.end)) }

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// wire reads a body as it comes over the connection, up to a limit of bytes, and is watched.
type wire struct {
	body       io.Reader
	watch      *watch
	left, most int64
}

func (r *wire) Read(p []byte) (int, error) {
	r.watch.expectByte()
	if int64(len(p)) > r.left+1 {
		p = p[:r.left+1]
	}
	n, err := r.body.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return n, tooLarge(r.most)
	}
	return n, err
}
