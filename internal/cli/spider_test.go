//go:build unix

package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// spider crawls the site of crawlbench site from the environment, one page at a time, and misses the pages whose URL
// contains its first argument. A second argument is a time to wait after each page.
func spider() {
	todo, seen := []string{os.Getenv("CRAWLBENCH_SEED")}, map[string]bool{}
	for len(todo) > 0 {
		page := todo[0]
		todo = todo[1:]
		if seen[page] || len(os.Args) > 1 && strings.Contains(page, os.Args[1]) {
			continue
		}
		seen[page] = true
		resp, err := http.Get(page)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		todo = append(todo, hrefs(page, resp.Body)...)
		resp.Body.Close()
		if len(os.Args) > 2 {
			gap, _ := time.ParseDuration(os.Args[2])
			time.Sleep(gap)
		}
	}
	fmt.Println("spider: fetched", len(seen))
}

// hrefs returns the links of a page.
func hrefs(page string, body io.Reader) (links []string) {
	base, _ := url.Parse(page)
	for z := html.NewTokenizer(body); z.Next() != html.ErrorToken; {
		token := z.Token()
		i := slices.IndexFunc(token.Attr, func(a html.Attribute) bool { return a.Key == "href" })
		if i < 0 || token.Data != "a" && token.Data != "base" {
			continue
		}
		u, err := base.Parse(strings.TrimSpace(token.Attr[i].Val))
		switch {
		case err != nil || u.Scheme != "http":
		case token.Data == "base":
			base = u
		default:
			u.Host, u.Fragment = strings.TrimSuffix(strings.ToLower(u.Host), ":80"), ""
			links = append(links, u.String())
		}
	}
	return links
}
