package profile

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
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
	return pack(page), files, nil
}

// viewerCall begins the call of pprof's page that shows the data; JSON has no line feed within strings, so viewerEnd
// ends it.
const viewerCall, viewerEnd = "stackViewer(", ");\n"

// unpackBefore and unpackAfter are the script around compressed data that shows it.
const unpackBefore, unpackAfter = `new Response(new Blob([Uint8Array.from(atob("`,
	`"), c => c.charCodeAt(0))]).stream().pipeThrough(new DecompressionStream("gzip"))).json().then(a => stackViewer(...a));` + "\n"

// pack compresses the data of a flame graph, which is most of its page, to about a fifth.
func pack(page string) string {
	i := strings.LastIndex(page, viewerCall+"{")
	if i < 0 {
		return page
	}
	data, after, ok := strings.Cut(page[i+len(viewerCall):], viewerEnd)
	if !ok || !json.Valid([]byte("["+data+"]")) {
		return page // of another version of pprof: larger, but right
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid, and a buffer takes everything
	w.Write([]byte("[" + data + "]"))
	w.Close()
	return page[:i] + unpackBefore + base64.StdEncoding.EncodeToString(packed.Bytes()) + unpackAfter + after
}
