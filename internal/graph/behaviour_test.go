package graph

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestDrawsFollowTheModel(t *testing.T) {
	const n = 100_000
	logs := func(b Behaviour, host func(uint32) uint32) (mean, sd float64) {
		for p := range uint32(n) {
			mean += math.Log(b.Wait(p, host(p)).Seconds()) / n
		}
		for p := range uint32(n) {
			d := math.Log(b.Wait(p, host(p)).Seconds()) - mean
			sd += d * d / n
		}
		return mean, math.Sqrt(sd)
	}
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 0.02 { // more than 4 standard errors of every figure below
			t.Errorf("%s is %.3f, want %.3f", what, got, want)
		}
	}
	median := 60 * time.Millisecond
	b := Behaviour{Seed: 1, Latency: Latency{Model: "lognormal", Median: median, Sigma: 0.87}}
	mean, sd := logs(b, func(uint32) uint32 { return 0 })
	near("lognormal: mean of the logarithm", mean, math.Log(median.Seconds()))
	near("lognormal: deviation of the logarithm", sd, 0.87)

	b.Latency = Latency{Model: "per-host", Median: median, Sigma: 0.4, HostSigma: 1}
	_, sd = logs(b, func(uint32) uint32 { return 7 })
	near("per-host: deviation within a host", sd, 0.4)
	_, sd = logs(b, func(p uint32) uint32 { return p })
	near("per-host: deviation over hosts", sd, math.Hypot(0.4, 1))

	failed := 0.0
	b = Behaviour{Seed: 1, Fail: 0.3}
	for p := range uint32(n) {
		if b.Fails(p) {
			failed++
		}
	}
	near("failures", failed/n, 0.3)
}

func TestDrawsDependOnSeedAndPageOnly(t *testing.T) {
	l := Latency{Model: "lognormal", Median: time.Second, Sigma: 1}
	a, b := Behaviour{Seed: 1, Latency: l}, Behaviour{Seed: 2, Latency: l}
	if a.Wait(5, 0) != a.Wait(5, 9) || a.Wait(5, 0) == a.Wait(6, 0) || a.Wait(5, 0) == b.Wait(5, 0) {
		t.Error("a draw depends on something other than seed and page")
	}
}

func TestMeanWait(t *testing.T) {
	l := Latency{Model: "per-host", Median: time.Second, Sigma: 0.5, HostSigma: 0.5}
	sum, n := 0.0, 200_000
	for p := range n {
		sum += Behaviour{Seed: 3, Latency: l}.Wait(uint32(p), uint32(p)).Seconds()
	}
	if got, want := sum/float64(n), l.MeanWait().Seconds(); math.Abs(got-want) > 0.01*want {
		t.Errorf("mean of the draws %.4f, MeanWait returns %.4f", got, want)
	}
}

func TestCheckOfBehaviours(t *testing.T) {
	ok := []Behaviour{
		{}, {Latency: Latency{Model: Recorded}}, {Latency: Latency{Model: Recorded, Median: time.Millisecond}},
		{Latency: Latency{Model: "zero"}}, {Latency: Latency{Model: "constant", Median: time.Millisecond}},
		{Latency: Latency{Model: "per-host", Median: 1, Sigma: 0.4, HostSigma: 1}, CPU: time.Microsecond, Fail: 1},
	}
	for _, b := range ok {
		if ps := b.Check(); len(ps) > 0 {
			t.Errorf("%+v: %v", b, ps)
		}
	}
	for field, b := range map[string]Behaviour{
		"latency":    {Latency: Latency{Model: "normal"}},
		"median":     {Latency: Latency{Model: "constant"}},
		"sigma":      {Latency: Latency{Model: "lognormal", Median: 1, Sigma: math.NaN()}},
		"sigma ":     {Latency: Latency{Model: Recorded, HostSigma: 1}},
		"median ":    {Latency: Latency{Model: Recorded, Median: -1}},
		"host_sigma": {Latency: Latency{Model: "lognormal", Median: 1, HostSigma: 1}},
		"cpu":        {CPU: -1},
		"fail":       {Fail: 1.01},
	} {
		if ps := b.Check(); len(ps) != 1 || ps[0].Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, ps)
		}
	}
	if ps := (Behaviour{Latency: Latency{Model: "zero", Median: 1}, Fail: -1}).Check(); len(ps) != 2 {
		t.Errorf("two problems: %v", ps)
	}
}

func TestLargestHostAndHostsThatFail(t *testing.T) {
	g, err := Build(t.Context(), Spec{Kind: "giant", Pages: 1000, Hosts: 50, Seed: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := Behaviour{Seed: 1, Latency: Latency{Model: "constant", Median: time.Second}, Largest: 3 * time.Second,
		HostFail: 0.3}
	waits, fails := b.Waits(g), b.Failing(g)
	dead := map[uint32]bool{}
	for p := range uint32(1000) {
		want := time.Second
		if g.Host(p) == 0 {
			want = 3 * time.Second
		}
		if waits(p) != want {
			t.Fatalf("page %d of host %d waits %v, want %v", p, g.Host(p), waits(p), want)
		}
		if is, ok := dead[g.Host(p)]; ok && is != fails(p) {
			t.Fatalf("host %d fails partly", g.Host(p))
		}
		dead[g.Host(p)] = fails(p)
	}
	n := 0
	for _, is := range dead {
		if is {
			n++
		}
	}
	if n < 7 || n > 23 {
		t.Errorf("%d of 50 hosts fail, want about 15", n)
	}
	if (Behaviour{}).Failing(g) != nil {
		t.Error("a site without failures has some")
	}
}
