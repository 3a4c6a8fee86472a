package browser_test

import (
	"testing"

	"crawlbench/internal/testing/browser"
)

// The exported site of quick works from the file system, its scripts and flame graphs too.
func TestOpensFromFiles(t *testing.T) {
	b := browser.Open(t)
	root := "file://" + exported(t) + "/"
	b.Look(1280, 900, false)
	b.Go(root + "index.html")
	b.Wait(`document.querySelector("#explore canvas")`)
	b.Shot("file-1-report")
	b.Click(`.tabs a:nth-child(2)`)
	b.Wait(`document.querySelector(".heat td.q9")`)
	// the style sheet applies
	b.Wait(`getComputedStyle(document.querySelector(".heat td.q9")).backgroundColor == "rgb(11, 48, 88)"`)
	b.Click(`.heat a[href*="impl=spawn,graph=rmat14,keys=id,workers=8,rate=inf"]`)
	b.Wait(`document.title.includes("spawn, rmat14 by id, 8 workers")`)
	b.Shot("file-2-cell")
	b.Click(`.tiles a[href*="/wall/"]`)
	b.Wait(`document.querySelectorAll("#stack-chart .boxbg").length > 10`)
	b.Shot("file-3-flame")
	b.Click(`.cb-bar li:nth-child(2) a`)
	b.Click(`.profiles .chip`)
	b.Wait(`document.title.includes("minus")`)
	b.Click(`a[href$="wall/page/index.html"]`)
	b.Wait(`document.querySelectorAll("#stack-chart .boxbg").length > 10`)
	b.Shot("file-4-difference-flame")
	b.Click(`.cb-bar li:first-child a`)
	b.Wait(`document.querySelector("#explore canvas")`)
}
