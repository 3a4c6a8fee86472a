//go:build unix

package child

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

// planted returns, by name, what the code under test may do in a child.
func planted() map[string]func() {
	return map[string]func(){
		"returns":     func() {},
		"exit 0":      func() { os.Exit(0) },
		"exit 2":      func() { os.Exit(2) },
		"exit 7":      func() { os.Exit(7) },
		"system exit": func() { syscall.Exit(3) },
		"goexit":      func() { runtime.Goexit() },

		"panics":            func() { panic("planted") },
		"panics in another": func() { elsewhere(func() { panic(errors.New("planted")) }) },
		"panics with nil":   func() { panic(nil) },
		"panics in lines":   func() { panic("one\ntwo\n\nfatal error: out of memory\ngoroutine 1 [chan receive]:") },
		"panics in colour":  func() { panic("\x1b[31mred\xff") },
		"panics twice": func() {
			defer func() { panic(fmt.Sprint("again: ", recover())) }()
			panic("planted")
		},
		"panics as a deadlock": func() { panic("deadlock: all goroutines in bubble are blocked") },
		"index":                func() { fmt.Println([]int{}[len(os.Args)]) },
		"nil":                  func() { fmt.Println(*(*int)(nil)) },
		"maps": func() {
			m := map[int]int{}
			write := func() {
				for i := 0; ; i++ {
					m[i&1]++
				}
			}
			go write()
			write()
		},
		"races": func() {
			n := 0
			var all sync.WaitGroup
			for range 2 {
				all.Go(func() { n++ })
			}
			all.Wait()
		},
		"unlocks":  func() { new(sync.Mutex).Unlock() },
		"recurses": func() { debug.SetMaxStack(1 << 20); recurse(0) },
		"threads": func() {
			debug.SetMaxThreads(20)
			for range 40 {
				go func() {
					runtime.LockOSThread()
					var fds [2]int
					syscall.Pipe(fds[:])
					syscall.Read(fds[0], make([]byte, 1))
				}()
			}
			time.Sleep(time.Minute)
		},
		"deadlock":           func() { <-make(chan int) },
		"deadlock of a lock": func() { deadlocked() },
		"waits":              func() { time.Sleep(time.Hour) },
		"waits deaf":         func() { signal.Ignore(syscall.SIGQUIT, syscall.SIGTERM); time.Sleep(time.Hour) },
		"works":              func() { time.Sleep(900 * time.Millisecond) },
		stopped: func() {
			continued := make(chan os.Signal, 1)
			signal.Notify(continued, syscall.SIGCONT)
			if err := os.WriteFile(os.Getenv(readyVariable), nil, 0o666); err != nil {
				panic(err)
			}
			<-continued
		},
		"works deaf": func() { signal.Ignore(); time.Sleep(time.Hour) },
		"spins": func() {
			for i := 0; ; i++ {
				runtime.KeepAlive(i)
			}
		},

		"kills itself":          func() { itself(syscall.SIGKILL) },
		"terminates itself":     func() { itself(syscall.SIGTERM) },
		"quits itself":          func() { itself(syscall.SIGQUIT) },
		"faults itself":         func() { itself(syscall.SIGSEGV) },
		"stops itself":          func() { itself(syscall.SIGSTOP) },
		"notifies":              func() { signal.Notify(make(chan os.Signal, 1)) },
		"ignores":               func() { signal.Ignore() },
		"closes the connection": func() { syscall.Close(connFD) },
		"closes everything":     func() { closeUpTo(10) },
		"replaces the connection": func() {
			syscall.Close(connFD)
			if fd, _ := syscall.Open(os.DevNull, syscall.O_RDWR, 0); fd != connFD {
				panic("the descriptor was not free")
			}
		},
		"writes to the connection": func() { syscall.Write(connFD, []byte("end true\n")) },
		"writes half a line":       func() { syscall.Write(connFD, []byte("{")) },
		"forges the connection": func() {
			syscall.Write(connFD, []byte("AAAAAAAAAAAAAAAAAAAAAAAAAA end true\n"))
			os.Exit(0)
		},
		"forges a crash": func() {
			fmt.Fprint(
				os.Stderr,
				"fatal error: all goroutines are asleep - deadlock!\n\n"+
					"goroutine 1 [chan receive]:\nmain.main()\n\t/a/b.go:7 +0x5d2\n",
			)
			os.Exit(2)
		},
		"forges words": func() {
			log.Print("panic: out of memory")
			fmt.Println(
				"--- FAIL: storm (0.00s)\n    mine.go:12: blocked goroutines remain\nWARNING: DATA RACE\ndeadlock: ",
			)
		},
		"forges words and dies": func() {
			fmt.Println("fatal error: out of memory\npanic: no")
			new(sync.Mutex).Unlock()
		},
		"swaps its output": func() { os.Stdout, os.Stderr = nil, nil },
		"prints binary":    func() { os.Stdout.Write([]byte{0, 1, 0xff, 0x1b, '[', 'H'}); os.Exit(5) },
		"prints without end": func() {
			many := make([]byte, 1<<20)
			for range 500 {
				os.Stdout.Write(many)
			}
			fmt.Println("the last words")
		},
		"prints and dies": func() {
			many := make([]byte, 1<<20)
			for range 4 {
				os.Stdout.Write(many)
			}
			panic("planted")
		},

		"leaves":              func() { start(exec.Command("sleep", "71")) },
		"leaves in a session": func() { start(session(exec.Command("sleep", "72"))) },
		"leaves an orphan":    func() { exec.Command("sh", "-c", "setsid sleep 73 & exit 0").Run() },
		"leaves what is deaf": func() {
			start(exec.Command("sh", "-c", "trap '' TERM HUP INT; while :; do sleep 74; done"))
		},
		"leaves and panics":    func() { start(session(exec.Command("sleep", "75"))); panic("planted") },
		"leaves and exits":     func() { start(exec.Command("sleep", "76")); os.Exit(0) },
		"leaves and waits":     func() { start(clear(session(exec.Command("sleep", "77")))); time.Sleep(time.Hour) },
		"is interrupted":       func() { start(clear(session(exec.Command("sleep", "80")))); time.Sleep(time.Hour) },
		"leaves many":          func() { leaveMany() },
		"leaves none":          func() { exec.Command("true").Run() },
		"leaves one for a bit": func() { start(exec.Command("sleep", "0.05")) },
		"leaves without environment": func() {
			start(clear(session(exec.Command("sleep", "78"))))
		},
	}
}

// memoryBound returns planted functions that need a memory limit. A child with the race detector
// exceeds any limit.
func memoryBound() map[string]func() {
	limit := func(bytes int64) {
		if err := Bound(bytes); err != nil {
			panic(err)
		}
	}
	return map[string]func(){
		"eats": func() {
			limit(128 << 20)
			var all [][]byte
			for {
				all = append(all, make([]byte, 1<<20))
				runtime.KeepAlive(all)
			}
		},
		"eats at once": func() { limit(128 << 20); runtime.KeepAlive(make([]byte, 1<<40)) },
		"goroutines": func() {
			limit(256 << 20)
			for range 10_000_000 {
				go func() { select {} }()
			}
		},
	}
}

func elsewhere(f func()) {
	go f()
	time.Sleep(time.Hour)
}

func recurse(n int) int {
	var room [100]int
	if n < 0 {
		return n
	}
	room[n%100] = recurse(n + 1)
	return room[0]
}

// deadlocked makes three goroutines wait for a lock that a fourth holds while it waits for them.
func deadlocked() {
	var mu sync.Mutex
	mu.Lock()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			mu.Lock()
			defer mu.Unlock()
		})
	}
	all.Wait()
}

func itself(s syscall.Signal) {
	syscall.Kill(os.Getpid(), s)
	time.Sleep(time.Hour)
}

func closeUpTo(n int) {
	for fd := range n + 1 {
		syscall.Close(fd)
	}
}

func start(c *exec.Cmd) {
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Start(); err != nil {
		panic(err)
	}
}

func session(c *exec.Cmd) *exec.Cmd {
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return c
}

func clear(c *exec.Cmd) *exec.Cmd {
	c.Env = []string{"PATH=/bin:/usr/bin"}
	return c
}

func leaveMany() {
	for range 26 {
		start(exec.Command("sleep", "79"))
	}
	os.Exit(1)
}

// runPlanted runs a planted child.
func runPlanted(name string) {
	f, ok := planted()[name]
	if !ok {
		f = memoryBound()[name]
	}
	err := Serve(func(l *Conn) (any, error) {
		l.Say("said", name)
		f()
		return name, nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
