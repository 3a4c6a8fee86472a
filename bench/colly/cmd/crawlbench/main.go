// Command crawlbench is crawlbench with colly's contenders beside the built-in ones: all its verbs take them by name.
package main

import (
	"os"

	"crawlbench/bench"

	"example.org/collycrawler"
)

func main() {
	os.Exit(bench.Main(os.Args, append(bench.Contenders(), collycrawler.Contenders()...)...))
}
