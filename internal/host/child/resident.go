package child

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// Resident is a child that does what it is asked, one request after another, and waits in between. It
// is not safe for concurrent use.
type Resident struct {
	*running
	requests *os.File // the parent's end; the child has the other one as requestFD
	read     int64    // bytes of the connection that were searched for answers
	paused   bool
}

// requestFD is the file descriptor of a resident child for requests.
const requestFD = 5

// Start starts a child that is to call Conn.Listen. Its first answer, which it gives unasked, says
// that it is ready: Await waits for it, at most for limit.
func Start(ctx context.Context, cmd *exec.Cmd, limit time.Duration) (*Resident, error) {
	own, other, err := socketPair()
	if err != nil {
		return nil, fmt.Errorf("create the socket for requests to the child: %w", err)
	}
	defer other.Close()
	running, err := begin(ctx, cmd, limit, other)
	if err != nil {
		own.Close()
		return nil, err
	}
	return &Resident{running: running, requests: own}, nil
}

// Ask sends a request and waits for its answer, at most for limit. It returns false if there is none,
// because the child has ended or is about to: then End tells why.
func (r *Resident) Ask(request any, limit time.Duration, answer any) (bool, error) {
	text, err := json.Marshal(request)
	if err != nil {
		return false, fmt.Errorf("encode a request: %w", err)
	}
	r.watch.expect(limit, r.CPU())
	_, err = r.requests.Write(append(text, '\n'))
	r.resume()
	if err != nil {
		return false, nil
	}
	return r.Await(answer)
}

// Await waits for an answer as Ask does, without a request.
func (r *Resident) Await(answer any) (bool, error) {
	for wake := make([]byte, 1); ; {
		// What comes over the socket only says that there may be an answer: the code under test may
		// write anything.
		if n, err := r.requests.Read(wake); n == 0 || err != nil {
			return false, nil
		}
		if body := r.answer(); body != nil {
			r.watch.expectNothing()
			if err := json.Unmarshal(body, answer); err != nil {
				return false, fmt.Errorf("decode the answer of a child: %w", err)
			}
			return true, nil
		}
	}
}

// answer returns the last answer on the connection since the last call; nil if there is none.
func (r *Resident) answer() (body json.RawMessage) {
	end, err := r.conn.Seek(0, io.SeekCurrent) // the child shares the offset
	if err != nil || end <= r.read {
		return nil
	}
	text := make([]byte, end-r.read)
	n, _ := r.conn.ReadAt(text, r.read)
	for line := range bytes.Lines(text[:n]) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		r.read += int64(len(line))
		parts := bytes.SplitN(line, []byte(" "), 3)
		if len(parts) == 3 && string(parts[0]) == r.watch.nonce && string(parts[1]) == kindAnswer {
			body = parts[2]
		}
	}
	return body
}

// Pause stops the child, which has given its answer and calls Conn.NextPaused, and what it has started in its process
// group, until the next request or its end, and returns once all its threads have stopped. It needs CanPause.
func (r *Resident) Pause() {
	r.paused = true
	stopGroup(r.watch.pid)
	for begin := time.Now(); !hasStopped(r.watch.pid) && time.Since(begin) < maxStop; {
		time.Sleep(stopStep)
	}
}

const (
	stopStep = 50 * time.Microsecond
	// maxStop limits the wait for a child that ends instead, or that someone else lets continue.
	maxStop = time.Second
)

// resume ends a pause.
func (r *Resident) resume() {
	if r.paused {
		wakeGroup(r.watch.pid)
		r.paused = false
	}
}

// CPU returns the processor time that the child has used, also since its last answer. It is 0 if that
// is not known: after its end, and except on Linux.
func (r *Resident) CPU() time.Duration { return cpuTime(r.watch.pid) }

// End ends the requests and waits until the child has ended, at most for limit. It must be called
// once for every Resident.
func (r *Resident) End(limit time.Duration) (*End, error) {
	r.watch.expect(limit, r.CPU())
	r.requests.Close()
	r.resume()
	return r.wait()
}

// Kill kills the child and waits for its end, in place of End.
func (r *Resident) Kill() {
	kill(r.watch.pid)
	r.requests.Close()
	r.wait()
}

// Listen prepares the connection of a resident for requests. It must be called before the code under test
// runs, which must not inherit them.
func (c *Conn) Listen() (err error) {
	closeOnExec(requestFD)
	c.requests = os.NewFile(requestFD, "requests")
	if c.requestsInfo, err = c.requests.Stat(); err != nil {
		return fmt.Errorf("listen for requests: %w", err)
	}
	return nil
}

// Answer sends the answer to a request.
func (c *Conn) Answer(body any) error {
	if err := c.Say(kindAnswer, body); err != nil {
		return err
	}
	c.checkRequests()
	if _, err := c.requests.Write([]byte{'\n'}); err != nil {
		os.Exit(requestsLostCode)
	}
	return nil
}

// Next waits for a request. It returns false if there are no more.
func (c *Conn) Next(request any) (bool, error) { return c.next(request, 0) }

// NextPaused is Next for a child that its parent stops as soon as it waits. Until then, it runs. A process without work
// puts the runtime's monitor to sleep, which looks for work 50 times when it is woken again and so interrupts the work:
// a stopped process continues as if there had been no pause.
func (c *Conn) NextPaused(request any) (bool, error) { return c.next(request, maxSpin) }

// maxSpin is how long a child runs until it is stopped.
const maxSpin = 5 * time.Millisecond

// next waits for a request, and runs meanwhile for the given time.
func (c *Conn) next(request any, spin time.Duration) (bool, error) {
	var text []byte
	part := make([]byte, 4096)
	for !bytes.HasSuffix(text, []byte("\n")) {
		c.checkRequests()
		n, err := 0, error(nil)
		for begin := time.Now(); n == 0 && time.Since(begin) < spin; {
			n = readNow(requestFD, part)
		}
		if n == 0 {
			n, err = c.requests.Read(part)
		}
		if err != nil { // the parent has closed it
			return false, nil
		}
		text = append(text, part[:n]...)
	}
	if err := json.Unmarshal(text, request); err != nil {
		return false, fmt.Errorf("decode a request: %w", err)
	}
	return true, nil
}

// requestsLostCode is the exit code of a child whose requests were closed.
const requestsLostCode = 114

// checkRequests exits the process if the code under test closed its requests: the descriptor may
// refer to another file now.
func (c *Conn) checkRequests() {
	if info, err := c.requests.Stat(); err != nil || !os.SameFile(info, c.requestsInfo) {
		os.Exit(requestsLostCode)
	}
}
