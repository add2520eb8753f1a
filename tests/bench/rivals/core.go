// rivals/core.go -- Go's channels, select, goroutines and contexts.
//
//	PROGRAM CASE|all [PERCENT]    the conventions of support/rival.h
//
// A case NAME-ctx is NAME with `select` over the channel and ctx.Done() on
// both sides; a case NAME-fiber runs with GOMAXPROCS=1, all others with as many
// as there are cores.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	capacity = 1024
	burst    = 256
)

type value struct {
	name string
	v    float64
}

type result []value

func (r *result) add(name string, v float64) {
	*r = append(*r, value{name, v})
}

func demand(holds bool, what string) {
	if !holds {
		fmt.Fprintln(os.Stderr, "wrong:", what)
		os.Exit(1)
	}
}

func demandSum(sum, n uint64) {
	demand(sum == n*(n-1)/2, "the sum of what arrived")
}

func perItem(begin time.Time, n uint64) float64 {
	return float64(time.Since(begin).Nanoseconds()) / float64(n)
}

// ---- hops -------------------------------------------------------------------

func hop1(n uint64) (r result) {
	begin := time.Now()
	c := make(chan uint64, capacity)
	go func() {
		for k := uint64(0); k < n; k++ {
			c <- k
		}
		close(c)
	}()
	sum := uint64(0)
	for v := range c {
		sum += v
	}
	r.add("ns", perItem(begin, n))
	demandSum(sum, n)
	return
}

func sendAll(ctx context.Context, c chan<- uint64, n uint64) {
	defer close(c)
	for k := uint64(0); k < n; k++ {
		select {
		case c <- k:
		case <-ctx.Done():
			return
		}
	}
}

func hop1Ctx(n uint64) (r result) {
	begin := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := make(chan uint64, capacity)
	go sendAll(ctx, c, n)
	sum := uint64(0)
	for open := true; open; {
		select {
		case v, ok := <-c:
			sum += v
			open = ok
		case <-ctx.Done():
			open = false
		}
	}
	r.add("ns", perItem(begin, n))
	demandSum(sum, n)
	return
}

// Slices that go round, so that nothing is allocated on the way.
func hop256(n uint64) (r result) {
	n -= n % burst
	begin := time.Now()
	full := make(chan []uint64, capacity/burst)
	free := make(chan []uint64, capacity/burst+2)
	for k := 0; k < cap(free); k++ {
		free <- make([]uint64, burst)
	}
	go func() {
		for k := uint64(0); k < n; k += burst {
			items := <-free
			for i := range items {
				items[i] = k + uint64(i)
			}
			full <- items
		}
		close(full)
	}()
	sum := uint64(0)
	for items := range full {
		for _, v := range items {
			sum += v
		}
		free <- items
	}
	r.add("ns", perItem(begin, n))
	demandSum(sum, n)
	return
}

// ---- chain ------------------------------------------------------------------

var lines = []func(uint64) uint64{
	func(x uint64) uint64 { return x + 1 },
	func(x uint64) uint64 { return x ^ 0x5555 },
	func(x uint64) uint64 { return x << 1 },
	func(x uint64) uint64 { return x - 3 },
	func(x uint64) uint64 { return x | 16 },
	func(x uint64) uint64 { return x >> 1 },
}

func stage(line func(uint64) uint64, in <-chan uint64, out chan<- uint64) {
	for v := range in {
		out <- line(v)
	}
	close(out)
}

func chain6(n uint64) (r result) {
	begin := time.Now()
	first := make(chan uint64, capacity)
	go func() {
		for k := uint64(0); k < n; k++ {
			first <- k
		}
		close(first)
	}()
	last := first
	for _, line := range lines {
		out := make(chan uint64, capacity)
		go stage(line, last, out)
		last = out
	}
	sum := uint64(0)
	for v := range last {
		sum += v
	}
	r.add("ns", perItem(begin, n))
	for k := uint64(0); k < n; k++ {
		sum -= ((((k+1)^0x5555)<<1 - 3) | 16) >> 1
	}
	demand(sum == 0, "the sum at the end of the chain")
	return
}

// ---- round trips ------------------------------------------------------------

// One look at the clock for each round trip.
func rtt(n uint64) (r result) {
	there, back := make(chan uint64, capacity), make(chan uint64, capacity)
	times := make([]int64, n+1)
	go func() {
		for v := range there {
			back <- v
		}
	}()
	sum := uint64(0)
	begin := time.Now()
	for k := uint64(0); k < n; k++ {
		there <- k
		sum += <-back
		times[k+1] = int64(time.Since(begin))
	}
	close(there)
	r.add("ns", float64(times[n])/float64(n))
	for k := uint64(0); k < n; k++ {
		times[k] = times[k+1] - times[k]
	}
	times = times[:n]
	sort.Slice(times, func(a, b int) bool { return times[a] < times[b] })
	r.add("p50", float64(times[n/2]))
	r.add("p99", float64(times[n-1-n/100]))
	demandSum(sum, n)
	return
}

// ---- select -----------------------------------------------------------------

// One sender deals n items out to the channels in turn.
func deal(cs []chan uint64, n uint64) {
	for k := uint64(0); k < n; k++ {
		cs[k%uint64(len(cs))] <- k
	}
}

func channels(n int) []chan uint64 {
	cs := make([]chan uint64, n)
	for k := range cs {
		cs[k] = make(chan uint64, capacity)
	}
	return cs
}

func select2(n uint64) (r result) {
	begin := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := channels(2)
	go deal(c, n)
	sum, v := uint64(0), uint64(0)
	for k := uint64(0); k < n; k++ {
		select {
		case v = <-c[0]:
		case v = <-c[1]:
		case <-ctx.Done():
			return
		}
		sum += v
	}
	r.add("ns", perItem(begin, n))
	demandSum(sum, n)
	return
}

func select16(n uint64) (r result) {
	begin := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := channels(16)
	go deal(c, n)
	sum, v := uint64(0), uint64(0)
	for k := uint64(0); k < n; k++ {
		select {
		case v = <-c[0]:
		case v = <-c[1]:
		case v = <-c[2]:
		case v = <-c[3]:
		case v = <-c[4]:
		case v = <-c[5]:
		case v = <-c[6]:
		case v = <-c[7]:
		case v = <-c[8]:
		case v = <-c[9]:
		case v = <-c[10]:
		case v = <-c[11]:
		case v = <-c[12]:
		case v = <-c[13]:
		case v = <-c[14]:
		case v = <-c[15]:
		case <-ctx.Done():
			return
		}
		sum += v
	}
	r.add("ns", perItem(begin, n))
	demandSum(sum, n)
	return
}

// ---- many to many -----------------------------------------------------------

func mpmc4x4(n uint64) (r result) {
	const ends = 4
	n -= n % ends
	begin := time.Now()
	c := make(chan uint64, capacity)
	var senders, receivers sync.WaitGroup
	var sum uint64
	for s := uint64(0); s < ends; s++ {
		senders.Add(1)
		go func(first uint64) {
			for k := first; k < n; k += ends {
				c <- k
			}
			senders.Done()
		}(s)
		receivers.Add(1)
		go func() {
			own := uint64(0)
			for v := range c {
				own += v
			}
			atomic.AddUint64(&sum, own)
			receivers.Done()
		}()
	}
	senders.Wait()
	close(c)
	receivers.Wait()
	r.add("ns", perItem(begin, n))
	demandSum(sum, n)
	return
}

// The same with a context at both ends.
func mpmc4x4Ctx(n uint64) (r result) {
	const ends = 4
	n -= n % ends
	begin := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := make(chan uint64, capacity)
	var senders, receivers sync.WaitGroup
	var sum uint64
	for s := uint64(0); s < ends; s++ {
		senders.Add(1)
		go func(first uint64) {
			defer senders.Done()
			for k := first; k < n; k += ends {
				select {
				case c <- k:
				case <-ctx.Done():
					return
				}
			}
		}(s)
		receivers.Add(1)
		go func() {
			own := uint64(0)
			for open := true; open; {
				select {
				case v, ok := <-c:
					own += v
					open = ok
				case <-ctx.Done():
					open = false
				}
			}
			atomic.AddUint64(&sum, own)
			receivers.Done()
		}()
	}
	senders.Wait()
	close(c)
	receivers.Wait()
	r.add("ns", perItem(begin, n))
	demandSum(sum, n)
	return
}

// ---- a million goroutines ---------------------------------------------------

func residentBytes() float64 {
	var total, resident float64
	text, err := os.ReadFile("/proc/self/statm")
	demand(err == nil, "/proc/self/statm")
	fmt.Sscan(string(text), &total, &resident)
	return resident * float64(os.Getpagesize())
}

func fibers1m(n uint64) (r result) {
	before := residentBytes()
	c := make(chan uint64)
	var there uint64
	var ended sync.WaitGroup
	ended.Add(int(n))
	begin := time.Now()
	for k := uint64(0); k < n; k++ {
		go func() {
			atomic.AddUint64(&there, 1)
			<-c
			ended.Done()
		}()
	}
	for atomic.LoadUint64(&there) < n {
		runtime.Gosched()
	}
	r.add("ns", perItem(begin, n))
	r.add("bytes", (residentBytes()-before)/float64(n))
	begin = time.Now()
	close(c)
	ended.Wait()
	r.add("end_ns", perItem(begin, n))
	return
}

// ---- contexts ---------------------------------------------------------------

// A tree in an array: the parent of k is (k - 1) / 10.
func ctx100k(n uint64) (r result) {
	ctxs := make([]context.Context, n)
	begin := time.Now()
	root, cancel := context.WithCancel(context.Background())
	ctxs[0] = root
	cancels := make([]context.CancelFunc, n)
	for k := uint64(1); k < n; k++ {
		ctxs[k], cancels[k] = context.WithCancel(ctxs[(k-1)/10])
	}
	create := perItem(begin, n)
	begin = time.Now()
	cancel()
	for _, ctx := range ctxs {
		demand(ctx.Err() != nil, "a context that has not ended")
	}
	cancelled := perItem(begin, n)
	begin = time.Now()
	for k := uint64(1); k < n; k++ {
		cancels[k]()
	}
	r.add("ns", create+cancelled+perItem(begin, n))
	r.add("create_ns", create)
	r.add("cancel_ns", cancelled)
	return
}

// ---- the program ------------------------------------------------------------

type contest struct {
	name   string
	n      uint64
	isCold bool
	run    func(uint64) result
}

var contests = []contest{
	{"hop1", 4000000, false, hop1},
	{"hop1-ctx", 1500000, false, hop1Ctx},
	{"hop1-fiber", 6000000, false, hop1},
	{"hop1-ctx-fiber", 3000000, false, hop1Ctx},
	{"hop256", 60000000, false, hop256},
	{"chain6", 500000, false, chain6},
	{"rtt", 500000, false, rtt},
	{"rtt-fiber", 500000, false, rtt},
	{"select2", 1500000, false, select2},
	{"select16", 300000, false, select16},
	{"select2-fiber", 2000000, false, select2},
	{"select16-fiber", 400000, false, select16},
	{"mpmc4x4", 2000000, false, mpmc4x4},
	{"mpmc4x4-ctx", 2000000, false, mpmc4x4Ctx},
	{"fibers1m", 1000000, true, fibers1m},
	{"ctx100k", 100000, false, ctx100k},
}

func measure(c contest, percent uint64) {
	if strings.HasSuffix(c.name, "-fiber") {
		runtime.GOMAXPROCS(1)
	}
	n := c.n * percent / 100
	if !c.isCold {
		c.run(n / 10)
	}
	fmt.Printf(`{"rival": "go", "case": "%s", "n": %d`, c.name, n)
	for _, v := range c.run(n) {
		fmt.Printf(`, "%s": %.6g`, v.name, v.v)
	}
	fmt.Println("}")
	runtime.GOMAXPROCS(runtime.NumCPU())
}

func list() {
	fmt.Printf("usage: %s CASE|all [PERCENT]\n", os.Args[0])
	for _, c := range contests {
		fmt.Println(" ", c.name)
	}
}

func main() {
	percent, found := uint64(100), false
	if len(os.Args) < 2 {
		list()
		return
	}
	if len(os.Args) > 2 {
		percent, _ = strconv.ParseUint(os.Args[2], 10, 32)
	}
	for _, c := range contests {
		if percent > 0 && (os.Args[1] == "all" || os.Args[1] == c.name) {
			found = true
			measure(c, percent)
		}
	}
	if !found {
		fmt.Fprintln(os.Stderr, os.Args[0]+": no such case, or no items")
		os.Exit(2)
	}
}
