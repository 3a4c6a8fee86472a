package server

import (
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// quiet stops go-redis from writing to standard error what it also returns as errors.
var quiet = sync.OnceFunc(logging.Disable)

// ParseURL returns the settings of a client of the server at a URL.
//
// They leave out what go-redis asks of a server before the first command, so that a connection costs nothing else. A
// context that ends is obeyed while a command waits for its answer only if it has a deadline.
func ParseURL(text string) (*redis.Options, error) {
	const want = "want redis://HOST:PORT or unix:///PATH"
	if _, err := url.Parse(text); err != nil {
		return nil, fmt.Errorf("server: invalid URL: %s", want) // not quoted, it may have a password
	}
	o, err := redis.ParseURL(text)
	if err != nil {
		return nil, fmt.Errorf("server: invalid URL %q: %s: %s", Redacted(text), strings.TrimPrefix(err.Error(), "redis: "), want)
	}
	quiet()
	o.Protocol = 2
	o.DisableIdentity = true
	o.ContextTimeoutEnabled = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return o, nil
}

// Client returns a client of the server at url. It connects when it is first used.
func Client(url string) (*redis.Client, error) {
	o, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	return redis.NewClient(o), nil
}

// Redacted returns text, a URL, without its password.
func Redacted(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "invalid URL"
	}
	return u.Redacted()
}
