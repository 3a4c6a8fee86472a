package profile

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Static returns the flame graph of f as a page that needs no server, and the scripts and style
// sheets that it shares with other such pages: files by name, which is made from a hash of the
// content. The page expects them below assets, a URL that ends in a slash. pprof's menus need a
// server and are left out; search and zoom work.
func Static(f Flame, assets string) (page string, files map[string]string, err error) {
	const style = "<style>#view,#sample,#refine,#config,#download,#action-menu{display:none!important}</style>"
	f.Bar = append([]byte(style), f.Bar...)
	h, err := Handler(f)
	if err != nil {
		return "", nil, err
	}
	k := &bufferedResponse{header: http.Header{}}
	h.ServeHTTP(k, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/flamegraph"}, Host: "localhost"})
	if k.code != 0 && k.code != http.StatusOK {
		return "", nil, fmt.Errorf("show %s: pprof responds with status %d: %s", f.Title, k.code,
			strings.TrimSpace(k.text.String()))
	}
	page = regexp.MustCompile(`href="\./[a-z]*"`).ReplaceAllString(k.text.String(), `href="#"`)
	files = map[string]string{}
	extract := func(open, end, name, ref string) {
		rest := page
		page = ""
		for {
			before, after, ok := strings.Cut(rest, open)
			text, behind, okEnd := strings.Cut(after, end)
			if !ok || !okEnd {
				page += rest
				return
			}
			if rest = behind; len(text) < 1000 || strings.Contains(text, "stackViewer({") { // the profile itself
				page += before + open + text + end
				continue
			}
			file := fmt.Sprintf(name, sha256.Sum256([]byte(text)))
			files[file] = text
			page += before + fmt.Sprintf(ref, assets+file)
		}
	}
	extract(`<style type="text/css">`, "</style>", "pprof-%.6x.css", `<link rel="stylesheet" href="%s">`)
	extract("<script>", "</script>", "pprof-%.6x.js", `<script src="%s"></script>`)
	return page, files, nil
}
