package measure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"crawlbench/internal/host"
	"crawlbench/internal/profile"
	"crawlbench/internal/rundir"
	"crawlbench/internal/store"
)

// repeats is the number of parts of a CPU profile that are compared with each other: the share of a function varies
// between crawls.
const repeats = 5

// takeProfiles takes the profiles of the job and writes them into its directory.
func (b *Bench) takeProfiles(ctx context.Context) (Outcome, error) {
	collector, err := profile.Start(b.job.Profiles)
	if err != nil {
		return Outcome{}, err
	}
	counters := host.OpenCounters()
	defer counters.Close()
	done := &store.Profile{Files: map[string]string{}, Events: map[string]float64{}}
	var wall time.Duration
	for begun := 0; wall < b.job.Sample && err == nil; {
		if wall*repeats >= b.job.Sample*time.Duration(begun) {
			collector.Repeat()
			begun++
		}
		var cpu time.Duration
		counts := map[string]float64{}
		err = b.Crawl(ctx, func(crawl func()) {
			before, cpuBefore, start := counters.Read(), host.CPUTime(), time.Now()
			collector.Crawl(crawl)
			wall += time.Since(start)
			cpu = host.CPUTime() - cpuBefore
			for name, n := range counters.Read() {
				counts[name] = max(0, n-before[name])
			}
		})
		done.Crawls++
		done.Pages += b.site.Fetched()
		collector.Count(b.site.Fetched(), cpu.Seconds(), counts)
	}
	profiles, errStop := collector.Stop()
	if err != nil {
		return Outcome{}, err
	}
	if errStop != nil {
		return Outcome{}, errStop
	}
	done.Sec = wall.Seconds()
	if slices.Contains(b.job.Profiles, "cpu") {
		usage := collector.Usage()
		if counters.Missing != nil {
			usage.Counting = counters.Missing.Error()
		}
		if err := b.writeJSON(done, "usage", usage); err != nil {
			return Outcome{}, err
		}
	}
	return Outcome{Profile: done}, b.writeProfiles(done, profiles)
}

// writeJSON writes v as a file of the job's directory, and its name into done.
func (b *Bench) writeJSON(done *store.Profile, kind string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	d, err := rundir.Open(b.job.Dir)
	if err != nil {
		return fmt.Errorf("write %s.json: %w", kind, err)
	}
	if err := errors.Join(d.WriteSync(kind+".json", text), d.Close()); err != nil {
		return fmt.Errorf("write %s.json: %w", kind, err)
	}
	done.Files[kind] = kind + ".json"
	return nil
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
