package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"crawlbench/bench/redis/server"
)

// pretend listens, and answers each command by its name, or that it does not know it. Without any answer it is silent;
// nil closes connections at once.
func pretend(t *testing.T, answers map[string]string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			if answers == nil {
				conn.Close()
				continue
			}
			go func() {
				defer conn.Close()
				for in := bufio.NewReader(conn); ; {
					name, err := command(in)
					if err != nil {
						return
					}
					answer, ok := answers[name]
					if !ok && len(answers) > 0 {
						answer = "-ERR unknown command\r\n"
					}
					io.WriteString(conn, answer)
				}
			}()
		}
	}()
	return "redis://" + l.Addr().String()
}

// command reads a command, and returns its name.
func command(in *bufio.Reader) (name string, err error) {
	words, err := number(in, "*")
	for i := 0; err == nil && i < words; i++ {
		var length int
		if length, err = number(in, "$"); err != nil {
			break
		}
		word := make([]byte, length+len("\r\n"))
		_, err = io.ReadFull(in, word)
		if i == 0 {
			name = strings.ToUpper(string(word[:length]))
		}
	}
	return name, err
}

// number reads a line with a number after a sign.
func number(in *bufio.Reader, sign string) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, sign)))
}

// bulk returns a text as it is sent.
func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// Whatever else answers at a URL is told apart, and said.
func TestServersOfOtherKinds(t *testing.T) {
	const version = "redis_version:7.0.15\r\nprocess_id:1\r\n"
	const cost = "used_cpu_sys:0.5\r\nused_cpu_user:0.5\r\n"
	of := func(info, eval string) map[string]string {
		return map[string]string{"PING": "+PONG\r\n", "INFO": bulk(info), "EVAL": eval}
	}
	for what, test := range map[string]struct {
		answers map[string]string
		says    []string
	}{
		"one that closes": {nil, []string{"no answer from redis://", "start it, or omit -redis"}},
		"one that speaks HTTP": {map[string]string{"PING": "HTTP/1.1 400 Bad Request\r\n\r\n"},
			[]string{"is not a Valkey or Redis server"}},
		"one that asks for a password": {map[string]string{"PING": "-NOAUTH Authentication required.\r\n"},
			[]string{"refuses: NOAUTH", "the password that it asks for"}},
		"one that still loads": {map[string]string{"PING": "-LOADING it is loading the dataset in memory\r\n"},
			[]string{"refuses: LOADING", "that is ready"}},
		"one without a version": {of("server_name:other\r\n", ""),
			[]string{"is not a Valkey or Redis server", "does not say its version"}},
		"one of a cluster": {of(version+"redis_mode:cluster\r\n"+cost, ":1\r\n"),
			[]string{"redis-server 7.0.15 at redis://", "it is in cluster mode: want a single server"}},
		"a replica": {of(version+"redis_mode:standalone\r\n"+cost, "-READONLY it is a read only replica.\r\n"),
			[]string{"cannot be used: it does not run a script that writes: READONLY"}},
		"one without scripts": {of(version+cost, "-ERR unknown command 'EVAL'\r\n"),
			[]string{"it does not run a script that writes: ERR unknown command"}},
		"one that hides what it costs": {of(version, ":1\r\n"),
			[]string{`processor time: used_cpu_sys is "", want seconds`}},
	} {
		_, err := server.Connect(t.Context(), pretend(t, test.answers))
		if err := contains(err, test.says...); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	s, err := server.Connect(t.Context(), pretend(t, of(version+cost, ":1\r\n")))
	if err != nil {
		t.Fatalf("one that has all: %v", err)
	}
	s.Close()
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	_, err = server.Connect(ctx, pretend(t, map[string]string{}))
	if err := contains(err, "no answer from redis://"); err != nil {
		t.Errorf("one that is silent: %v", err)
	}
}
