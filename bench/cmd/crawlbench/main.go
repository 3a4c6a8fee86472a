// Command crawlbench measures the built-in crawlers. Run it without arguments for help.
package main

import (
	"os"

	"crawlbench/bench"
)

func main() { os.Exit(bench.Main(os.Args, bench.Crawlers()...)) }
