// Command crawlbench is crawlbench with colly's crawlers in addition to the built-in ones.
package main

import (
	"os"

	"crawlbench/bench"

	collycrawler "crawlbench/bench/colly"
)

func main() {
	os.Exit(bench.Main(os.Args, append(bench.Crawlers(), collycrawler.Crawlers()...)...))
}
