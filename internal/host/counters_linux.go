package host

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// event is a hardware counter of one thread, and of the threads that it starts.
type event struct {
	name string
	fd   int
}

// OpenCounters opens the counters of the current threads, and of those that they start from now on.
func OpenCounters() *Counters {
	c := &Counters{}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		c.Missing = fmt.Errorf("list threads: %w", err)
		return c
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		for _, kind := range []struct {
			name   string
			config uint64
		}{
			{"cycles", unix.PERF_COUNT_HW_CPU_CYCLES},
			{"instructions", unix.PERF_COUNT_HW_INSTRUCTIONS},
			{"cache misses", unix.PERF_COUNT_HW_CACHE_MISSES},
		} {
			attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_HARDWARE, Config: kind.config,
				Bits:        unix.PerfBitInherit | unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv,
				Read_format: unix.PERF_FORMAT_TOTAL_TIME_ENABLED | unix.PERF_FORMAT_TOTAL_TIME_RUNNING}
			attr.Size = uint32(unsafe.Sizeof(attr))
			fd, err := unix.PerfEventOpen(&attr, id, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
			if err == unix.ESRCH { // the thread has ended
				continue
			}
			if err != nil {
				c.Close()
				c.Missing = fmt.Errorf("perf_event_open: %w", err)
				return c
			}
			c.processor = append(c.processor, event{kind.name, fd})
		}
	}
	return c
}

// Close closes the hardware counters.
func (c *Counters) Close() {
	for _, e := range c.processor {
		unix.Close(e.fd)
	}
	c.processor = nil
}

// read returns the count, scaled up if the counter shared the hardware with others.
func (e event) read() float64 {
	var b [24]byte
	if n, err := unix.Read(e.fd, b[:]); err != nil || n != len(b) {
		return 0
	}
	count, enabled, running := binary.NativeEndian.Uint64(b[:]), binary.NativeEndian.Uint64(b[8:]),
		binary.NativeEndian.Uint64(b[16:])
	if running == 0 {
		return 0
	}
	return float64(count) * float64(enabled) / float64(running)
}
