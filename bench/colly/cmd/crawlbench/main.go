// Command crawlbench is crawlbench with colly's crawlers beside the built-in ones: all its verbs take them by name.
package main

import (
	"os"

	"crawlbench/bench"

	"example.org/collycrawler"
)

func main() {
	os.Exit(bench.Main(os.Args, append(bench.Crawlers(), collycrawler.Crawlers()...)...))
}
