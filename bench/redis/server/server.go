// Package server starts a Valkey or Redis server for the crawls of several processes, or uses a running one.
//
// Start runs the installed server in a directory of its own, and Close ends it and removes the directory. If this
// process is killed, neither stays behind. Connect uses a running server by its URL. Client makes clients of either. A
// Server tells its version and the processor time that it has used, so that its cost can be shown beside that of the
// crawlers.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"crawlbench/internal/crawl"
)

// ErrNotInstalled is in the error of Start if no server is installed.
var ErrNotInstalled = errors.New("neither valkey-server nor redis-server is on PATH")

// AOF says how a server writes its append-only file.
type AOF string

const (
	NoAOF    AOF = ""         // not at all: its data ends with the server
	EverySec AOF = "everysec" // it syncs the file once a second, and may lose about the last second
	Always   AOF = "always"   // it syncs the file before it answers
)

// Options are the options of a server that is started.
type Options struct {
	// TCP makes the server listen on a free port of 127.0.0.1. Otherwise it listens on a Unix socket in its directory.
	TCP bool
	AOF AOF
}

// Server is a server that answers.
type Server struct {
	url     string
	version string
	mode    string // standalone, cluster or sentinel; "" if it does not say
	pid     int    // 0 if it does not say
	client  *redis.Client

	// The other fields are those of a server that was started here.
	args      []string
	directory *directory
	process   *process
}

// patience is how long a server may take until it answers.
const patience = 30 * time.Second

// Serve uses the running server at url, or starts one if url is "". It is a crawl.Serve.
func Serve(ctx context.Context, url string) (crawl.FleetServer, error) {
	var s *Server
	var err error
	if url == "" {
		s, err = Start(ctx, Options{})
	} else {
		s, err = Connect(ctx, url)
	}
	if err != nil {
		return nil, err // and no *Server in the interface
	}
	return s, nil
}

// Start starts the server that is installed, Valkey rather than Redis.
func Start(ctx context.Context, o Options) (*Server, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	const attempts = 5 // somebody else may take the free port in the meantime
	for i := 1; ; i++ {
		s, err := start(ctx, path, o)
		if err == nil || i == attempts || !o.TCP || !strings.Contains(err.Error(), "Address already in use") {
			return s, err
		}
	}
}

// find returns the path of the program.
func find() (string, error) {
	for _, name := range []string{"valkey-server", "redis-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("server: %w: install one of them (on Debian: apt-get install valkey-server, or redis-server), "+
		"or take one that runs with -redis URL", ErrNotInstalled)
}

func start(ctx context.Context, path string, o Options) (*Server, error) {
	d, err := newDirectory()
	if err != nil {
		return nil, err
	}
	s := &Server{directory: d}
	s.args = []string{path, "--dir", d.path, "--daemonize", "no", "--save", ""}
	if o.AOF != NoAOF {
		// A rewrite of the file is a process of its own, which a kill would leave behind.
		s.args = append(s.args,
			"--appendonly", "yes", "--appendfsync", string(o.AOF), "--auto-aof-rewrite-percentage", "0")
	}
	if o.TCP {
		port, err := freePort()
		if err != nil {
			d.remove()
			return nil, err
		}
		s.url = "redis://127.0.0.1:" + strconv.Itoa(port)
		s.args = append(s.args, "--bind", "127.0.0.1", "--port", strconv.Itoa(port))
	} else {
		socket := filepath.Join(d.path, "socket")
		s.url = "unix://" + socket
		s.args = append(s.args, "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700")
	}
	if s.client, err = asker(s.url); err == nil {
		err = s.launch(ctx)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// freePort returns a port of 127.0.0.1 on which nobody listens.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("server: find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// launch starts the process and waits until it answers.
func (s *Server) launch(ctx context.Context) error {
	p, err := startProcess(s.args)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.process = p
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for {
		err := s.ask(ctx)
		if err == nil && s.pid == p.pid() {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("process %d answers there, and not process %d", s.pid, p.pid())
		}
		select {
		case <-p.ended:
			return fmt.Errorf("server: %s ended at its start: %s", filepath.Base(s.args[0]), p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("server: %s does not answer at %s: %w", filepath.Base(s.args[0]), s.url, err)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Connect uses the running server at url, such as redis://127.0.0.1:6379 or unix:///run/valkey.sock.
func Connect(ctx context.Context, url string) (*Server, error) {
	client, err := asker(url)
	if err != nil {
		return nil, err
	}
	s := &Server{url: url, client: client}
	if err := s.ask(ctx); err != nil {
		client.Close()
		return nil, unasked(Redacted(url), err)
	}
	if err := s.usable(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("server: %s at %s cannot be used: %w: take another one, or omit -redis, and "+
			"crawlbench starts one", s.version, Redacted(url), err)
	}
	return s, nil
}

// unasked returns the error of a server at url that did not say who it is.
func unasked(url string, err error) error {
	var refused redis.Error
	var network net.Error
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("server: %s refuses: %w: want a Valkey or Redis server that is ready, and in its URL the "+
			"user and the password that it asks for", url, err)
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, context.Canceled):
		return fmt.Errorf("server: no answer from %s: %w: start it, or omit -redis, and crawlbench starts one", url,
			err)
	}
	return fmt.Errorf("server: what answers at %s is not a Valkey or Redis server: %w: take another URL, or leave out "+
		"-redis and crawlbench starts one", url, err)
}

// usable returns an error if crawls cannot use the server: a script changes keys that are on no other server, and the
// server says what that costs.
func (s *Server) usable(ctx context.Context) error {
	if s.mode != "" && s.mode != "standalone" {
		return fmt.Errorf("it is in %s mode: want a single server", s.mode)
	}
	const script = `redis.call('SET', KEYS[1], 1) return redis.call('DEL', KEYS[1])`
	key := fmt.Sprintf("crawlbench-%016x:probe", rand.Uint64())
	if err := s.client.Eval(ctx, script, []string{key}).Err(); err != nil {
		return fmt.Errorf("it does not run a script that writes: %w", err)
	}
	_, err := s.CPU()
	return err
}

// asker returns a client that tries once: it tells whether the server is there.
func asker(url string) (*redis.Client, error) {
	o, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	o.DialerRetries, o.MaxRetries = 1, -1
	return redis.NewClient(o), nil
}

// ask asks the server who it is. A server that still reads its file refuses the PING.
func (s *Server) ask(ctx context.Context) error {
	if err := s.client.Ping(ctx).Err(); err != nil {
		return err
	}
	info, err := s.info(ctx, "server")
	if err != nil {
		return err
	}
	s.version = "redis-server " + info["redis_version"]
	if v := info["valkey_version"]; v != "" { // whose redis_version is that of the Redis that it is compatible with
		s.version = "valkey-server " + v
	} else if info["redis_version"] == "" {
		return errors.New("it does not say its version")
	}
	s.mode = info["redis_mode"]
	s.pid, _ = strconv.Atoi(info["process_id"])
	return nil
}

// info returns a section of the command INFO.
func (s *Server) info(ctx context.Context, section string) (map[string]string, error) {
	text, err := s.client.Info(ctx, section).Result()
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[key] = value
		}
	}
	return fields, err
}

// URL returns where the server listens.
func (s *Server) URL() string { return s.url }

// Version returns the name and version of the server, such as "valkey-server 8.1.1" or "redis-server 7.0.15".
func (s *Server) Version() string { return s.version }

// PID returns the id of the server's process, on its machine.
func (s *Server) PID() int { return s.pid }

// CPU returns the processor time that the server has used since its start.
func (s *Server) CPU() (time.Duration, error) {
	info, err := s.info(context.Background(), "cpu")
	if err != nil {
		return 0, fmt.Errorf("server: processor time: %w", err)
	}
	sum := 0.0
	for _, key := range []string{"used_cpu_sys", "used_cpu_user"} {
		seconds, err := strconv.ParseFloat(info[key], 64)
		if err != nil {
			return 0, fmt.Errorf("server: processor time: %s is %q, want seconds", key, info[key])
		}
		sum += seconds
	}
	return time.Duration(sum * float64(time.Second)), nil
}

// Forget deletes all keys that begin with name.
func (s *Server) Forget(name string) error {
	ctx := context.Background()
	const most = 1000
	keys := s.client.Scan(ctx, 0, quoted.Replace(name)+"*", most).Iterator()
	for keys.Next(ctx) {
		if err := s.client.Unlink(ctx, keys.Val()).Err(); err != nil {
			return fmt.Errorf("server: delete %s: %w", keys.Val(), err)
		}
	}
	if err := keys.Err(); err != nil {
		return fmt.Errorf("server: list the keys of %s: %w", name, err)
	}
	return nil
}

// quoted quotes what has a meaning in a pattern of the command SCAN.
var quoted = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`)

// errNotOurs is the error of Kill and Restart for a server of Connect.
var errNotOurs = errors.New("server: cannot kill a server that this program did not start: want one of Start")

// Kill kills the process of the server, as a crash would, and leaves its directory. See Restart.
func (s *Server) Kill() error {
	if s.directory == nil {
		return errNotOurs
	}
	s.process.kill()
	return nil
}

// Restart starts the server again after Kill, at the same URL and with what its append-only file holds.
func (s *Server) Restart(ctx context.Context) error {
	if s.directory == nil {
		return errNotOurs
	}
	s.process.kill()
	return s.launch(ctx)
}

// Close ends a server that was started here and removes its directory. A server of Connect
// continues to run.
func (s *Server) Close() error {
	if s.client != nil {
		s.client.Close()
	}
	if s.directory == nil {
		return nil
	}
	if s.process != nil {
		s.process.kill()
	}
	return s.directory.remove()
}

// tempDir is where directories of servers are: a path of a Unix socket has at most 103 bytes on some systems.
func tempDir() string {
	const longest = 60
	if dir := os.TempDir(); len(dir) <= longest {
		return dir
	}
	return "/tmp"
}
