package measure

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"crawlbench/internal/profile"
	"crawlbench/internal/store"
)

// takeProfiles takes the profiles of the job and writes them into its directory.
func (b *Bench) takeProfiles(ctx context.Context) (Outcome, error) {
	collector, err := profile.Start(b.job.Profiles)
	if err != nil {
		return Outcome{}, err
	}
	done := &store.Profile{Files: map[string]string{}, Events: map[string]float64{}}
	var wall time.Duration
	for wall < b.job.Sample && err == nil {
		err = b.Crawl(ctx, func(crawl func()) {
			start := time.Now()
			collector.Crawl(crawl)
			wall += time.Since(start)
		})
		done.Crawls++
		done.Pages += b.site.Fetched()
	}
	profiles, errStop := collector.Stop()
	if err != nil {
		return Outcome{}, err
	}
	if errStop != nil {
		return Outcome{}, errStop
	}
	done.Sec = wall.Seconds()
	return Outcome{Profile: done}, b.writeProfiles(done, profiles)
}

// writeProfiles writes profiles into the directory of the job and their names into done.
func (b *Bench) writeProfiles(done *store.Profile, profiles map[string]*profile.Profile) error {
	comments := append([]string{
		fmt.Sprintf("pages=%d", done.Pages),
		fmt.Sprintf("crawls=%d", done.Crawls),
		fmt.Sprintf("crawl-sec=%.6g", done.Sec),
	}, b.job.Comments...)
	for kind, p := range profiles {
		profile.Annotate(p, b.job.Cell.ID(), comments)
		file := kind + ".pb.gz"
		if err := profile.Write(filepath.Join(b.job.Dir, file), p); err != nil {
			return err
		}
		done.Files[kind] = file
		if _, counted := done.Events[kind]; !counted {
			done.Events[kind] = profile.Events(p)
		}
	}
	return nil
}
