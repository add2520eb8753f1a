// rivals/core.rs -- Rust's bounded channel: std::sync::mpsc::sync_channel.
//
//     PROGRAM CASE|all [PERCENT]    the conventions of support/rival.h
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Instant;

const CAPACITY: usize = 1024;

type Values = Vec<(&'static str, f64)>;

fn demand_sum(sum: u64, n: u64) {
    assert_eq!(sum, n * (n - 1) / 2, "the sum of what arrived");
}

fn hop1(n: u64) -> Values {
    let begin = Instant::now();
    let (sender, receiver) = sync_channel(CAPACITY);
    let thread = thread::spawn(move || {
        for k in 0..n {
            sender.send(k).unwrap();
        }
    });
    let mut sum = 0u64;
    while let Ok(item) = receiver.recv() {
        sum += item;
    }
    thread.join().unwrap();
    let ns = begin.elapsed().as_nanos() as f64 / n as f64;
    demand_sum(sum, n);
    vec![("ns", ns)]
}

fn rtt(n: u64) -> Values {
    let (there, far) = sync_channel(CAPACITY);
    let (echo, back) = sync_channel(CAPACITY);
    let thread = thread::spawn(move || {
        while let Ok(item) = far.recv() {
            echo.send(item).unwrap();
        }
    });
    let mut times = vec![0u64; n as usize + 1];
    let mut sum = 0u64;
    let begin = Instant::now();
    for k in 0..n {
        there.send(k).unwrap();
        sum += back.recv().unwrap();
        times[k as usize + 1] = begin.elapsed().as_nanos() as u64;
    }
    drop(there);
    thread.join().unwrap();
    demand_sum(sum, n);
    let mean = times[n as usize] as f64 / n as f64;
    let mut trips: Vec<u64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    trips.sort_unstable();
    vec![
        ("ns", mean),
        ("p50", trips[n as usize / 2] as f64),
        ("p99", trips[(n - 1 - n / 100) as usize] as f64),
    ]
}

fn print(name: &str, n: u64, values: Values) {
    print!("{{\"rival\": \"rust\", \"case\": \"{name}\", \"n\": {n}");
    for (key, value) in values {
        print!(", \"{key}\": {value:.6}");
    }
    println!("}}");
}

fn main() {
    let cases: [(&str, u64, fn(u64) -> Values); 2] =
        [("hop1", 5_000_000, hop1), ("rtt", 20_000, rtt)];
    let args: Vec<String> = std::env::args().collect();
    let percent: u64 = args.get(2).map_or(100, |text| text.parse().unwrap());
    let Some(wanted) = args.get(1) else {
        println!("usage: {} CASE|all [PERCENT]\n  hop1\n  rtt", args[0]);
        return;
    };
    for (name, full, run) in cases {
        if wanted == name || wanted == "all" {
            let n = full * percent / 100;
            run(n / 10);
            print(name, n, run(n));
        }
    }
}
