package bench

// BenchmarkPlan runs the cells of a plan as sub-benchmarks.
var BenchmarkPlan = benchmark
