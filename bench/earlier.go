package bench

// Contender is the earlier name of [Crawler].
//
// Deprecated: use Crawler.
type Contender = Crawler

// Contenders is the earlier name of [Crawlers].
//
// Deprecated: use Crawlers.
func Contenders() []Crawler { return Crawlers() }
