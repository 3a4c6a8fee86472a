//go:build unix

package fetch

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// siteSocket is set in the process of a site, to its socket.
const siteSocket = "CRAWLBENCH_TEST_SITE"

func TestMain(m *testing.M) {
	if socket := os.Getenv(siteSocket); socket != "" {
		serveLinks(socket)
		return
	}
	os.Exit(m.Run())
}

// serveLinks serves a page of 20 links, each after a short wait, until standard input ends.
func serveLinks(socket string) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	const wait = 200 * time.Microsecond // so that fetches of several workers overlap
	page := []byte(strings.Repeat("<p>text <a href=\"/section/page-17.html\">link</a></p>\n", 20))
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(wait)
		w.Header().Set("Content-Type", "text/html")
		w.Write(page)
	}))
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}

// startSite starts the process of a site and returns its socket.
func startSite(b *testing.B) string {
	socket := filepath.Join(b.TempDir(), "s")
	site := exec.Command(os.Args[0])
	site.Env = append(os.Environ(), siteSocket+"="+socket)
	in, errIn := site.StdinPipe()
	out, errOut := site.StdoutPipe()
	if errIn != nil || errOut != nil || site.Start() != nil {
		b.Skip("a process cannot be started")
	}
	b.Cleanup(func() { in.Close(); site.Wait() })
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	return socket
}

// BenchmarkTraps compares each trap with the right client for the same fetches: the connections, and the processor time
// of the client for each page, links included. The two take turns, so that what else the machine does meets both; the
// site is another process. With -benchtime 10x it prints a table of medians with the quartiles of the ratio.
func BenchmarkTraps(b *testing.B) {
	socket := startSite(b)
	const least = 1500 // pages
	right := func(r http.RoundTripper) http.RoundTripper { return r }
	rows := []string{fmt.Sprintf("%-32s %14s %14s %16s", "", "dials/page", "us/page", "times the right")}
	for _, trap := range traps() {
		if strings.HasPrefix(trap.name, "right") || trap.name == "as many hosts as MaxIdleConns" {
			continue
		}
		trap.rounds *= max(1, least/(trap.hosts*trap.workers*trap.rounds))
		pages := float64(trap.hosts * trap.workers * trap.rounds)
		one := func(mutant func(http.RoundTripper) http.RoundTripper) (dials, us float64) {
			var n atomic.Int64
			c := New(Settings{Workers: trap.workers, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				n.Add(1)
				return new(net.Dialer).DialContext(ctx, "unix", socket)
			}})
			c.transport = mutant(c.transport)
			defer c.Close()
			w := NewWeb(c)
			begin := processorTime(b)
			trap.each(func(address string) {
				links, err := w.Fetch(b.Context(), address)
				if err != nil || len(links) < 20 && trap.name != "body not read to its end" {
					b.Error(len(links), err)
				}
			})
			return float64(n.Load()) / pages, float64((processorTime(b) - begin).Nanoseconds()) / 1e3 / pages
		}
		var dials, dialsRight float64
		var us, usRight, ratios []float64
		for range b.N {
			var x, y float64
			dialsRight, x = one(right)
			dials, y = one(trap.mutant)
			usRight, us, ratios = append(usRight, x), append(us, y), append(ratios, y/x)
		}
		rows = append(rows, fmt.Sprintf("%-32s %6.2f vs %4.2f %6.0f vs %4.0f %.2f (%.2f to %.2f)", trap.name, dials,
			dialsRight, quantile(us, 0.5), quantile(usRight, 0.5), quantile(ratios, 0.5), quantile(ratios, 0.25),
			quantile(ratios, 0.75)))
		b.ReportMetric(quantile(ratios, 0.5), strings.ReplaceAll(trap.name, " ", "-")+"-times")
	}
	if b.N > 1 { // package testing shows ten lines of all calls
		b.Log("\n" + strings.Join(rows, "\n"))
	}
}

func quantile(list []float64, q float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[int(q*float64(len(list)-1)+0.5)]
}

// processorTime returns that of this process.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
