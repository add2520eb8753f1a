// rivals/fan.go -- the fan benchmark by goroutines and channels.
//
//	PROGRAM CASE|all [PERCENT]    the conventions of support/rival.h
//
// fan4: four goroutines between two channels of single items. ordered2 and
// uneven2: blocks of the items of a frame, each with a channel of its own that
// says when it is done, in a second channel in their order. The work is that of
// support/fan.h, multiplication by multiplication.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	capacity   = 1024
	fanItems   = 1024
	fanWorkers = 2
	steps      = 176
	stepsLow   = 7
	stepsHigh  = 700
	highOneIn  = 4
	seed       = 0x5eed
	checkEvery = 4096
)

func demand(holds bool, what string) {
	if !holds {
		fmt.Fprintln(os.Stderr, "wrong:", what)
		os.Exit(1)
	}
}

func perItem(begin time.Time, n uint64) float64 {
	return float64(time.Since(begin).Nanoseconds()) / float64(n)
}

// ---- fan4 -------------------------------------------------------------------

func fan4(n uint64) float64 {
	begin := time.Now()
	in := make(chan uint64, capacity)
	out := make(chan uint64, capacity)
	var branches sync.WaitGroup
	go func() {
		for k := uint64(0); k < n; k++ {
			in <- k
		}
		close(in)
	}()
	for b := 0; b < 4; b++ {
		branches.Add(1)
		go func() {
			defer branches.Done()
			for item := range in {
				out <- item
			}
		}()
	}
	go func() {
		branches.Wait()
		close(out)
	}()
	sum := uint64(0)
	for item := range out {
		sum += item
	}
	demand(sum == n*(n-1)/2, "the sum of what arrived")
	return perItem(begin, n)
}

// ---- ordered2, uneven2 ------------------------------------------------------

func spin(item uint64, nSteps int) uint64 {
	x := item
	for k := 0; k < nSteps; k++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x&0xffffffff00000000 | item&0xffffffff
}

func even(item uint64) uint64 {
	return spin(item, steps)
}

func uneven(item uint64) uint64 {
	x := (item + seed) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	if (x^x>>31)%highOneIn != 0 {
		return spin(item, stepsLow)
	}
	return spin(item, stepsHigh)
}

type block struct {
	items [fanItems]uint64
	done  chan struct{}
}

func worker(todo <-chan *block, work func(uint64) uint64) {
	for b := range todo {
		for k := range b.items {
			b.items[k] = work(b.items[k])
		}
		b.done <- struct{}{}
	}
}

func source(n uint64, free <-chan *block, todo, order chan<- *block) {
	for first := uint64(0); first < n; first += fanItems {
		b := <-free
		for k := range b.items {
			b.items[k] = first + uint64(k)
		}
		order <- b
		todo <- b
	}
	close(order)
	close(todo)
}

func checkItem(item, k uint64, work func(uint64) uint64) {
	if uint32(item) != uint32(k) ||
		k%checkEvery == 0 && item != work(k) {
		demand(false, "an item, or its place")
	}
}

func ordered(n uint64, work func(uint64) uint64) float64 {
	const blocks = 4 * fanWorkers
	n -= n % fanItems
	begin := time.Now()
	free := make(chan *block, blocks)
	todo := make(chan *block, blocks)
	order := make(chan *block, blocks)
	for k := 0; k < blocks; k++ {
		free <- &block{done: make(chan struct{}, 1)}
	}
	go source(n, free, todo, order)
	for k := 0; k < fanWorkers; k++ {
		go worker(todo, work)
	}
	got := uint64(0)
	for b := range order {
		<-b.done
		for _, item := range b.items {
			checkItem(item, got, work)
			got++
		}
		free <- b
	}
	demand(got == n, "the number of items")
	return perItem(begin, n)
}

// ---- all of them ------------------------------------------------------------

type benchCase struct {
	name string
	n    uint64
	run  func(n uint64) float64
}

var cases = []benchCase{
	{"fan4", 4000000, fan4},
	{"ordered2", 8000000, func(n uint64) float64 { return ordered(n, even) }},
	{"uneven2", 8000000, func(n uint64) float64 { return ordered(n, uneven) }},
}

func (c benchCase) report(percent uint64) {
	n := c.n * percent / 100
	c.run(n / 10)
	fmt.Printf(`{"rival": "go", "case": "%s", "n": %d, "ns": %.6g}`+
		"\n", c.name, n, c.run(n))
}

func main() {
	percent := uint64(100)
	if len(os.Args) < 2 {
		for _, c := range cases {
			fmt.Println(c.name)
		}
		return
	}
	if len(os.Args) > 2 {
		percent, _ = strconv.ParseUint(os.Args[2], 10, 32)
	}
	for _, c := range cases {
		if os.Args[1] == "all" || os.Args[1] == c.name {
			c.report(percent)
		}
	}
}
