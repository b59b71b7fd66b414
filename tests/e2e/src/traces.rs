//! Traces of secrets in the memory of a running program.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use crate::world::World;

impl World {
    /// The only process of a program, by its process id outside the namespace.
    #[must_use]
    pub fn process_of(&self, program: &str) -> String {
        let namespace = |process: &str| fs::read_link(format!("/proc/{process}/ns/pid")).ok();
        let ours = namespace(self.process());
        let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let named = |process: &String| {
            fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim_end() == program)
        };
        let mut found = processes.filter(|process| named(process) && namespace(process) == ours);
        let process = found.next().unwrap();
        assert_eq!(found.next(), None);
        process
    }

    /// Places in a program's memory that contain the text: the mapping, and the bytes around it.
    #[must_use]
    pub fn traces(&self, program: &str, text: &str) -> Vec<String> {
        let process = self.process_of(program);
        let memory = File::open(format!("/proc/{process}/mem")).unwrap();
        let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
        let mut found = Vec::new();
        for map in maps.lines() {
            let mut words = map.split_whitespace();
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            if !rights.starts_with("rw") {
                continue;
            }
            let (start, end) = range.split_once('-').unwrap();
            let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
            // A thread may have ended meanwhile, and its stack is gone.
            if memory.read_exact_at(&mut bytes, start).is_err() {
                continue;
            }
            let windows = bytes.windows(text.len()).enumerate();
            for place in windows.filter(|(_, window)| *window == text.as_bytes()).map(|(at, _)| at) {
                let around = bytes.get(place.saturating_sub(80)..(place + 80).min(bytes.len())).unwrap();
                found.push(format!("{map} +{place:#x}: {}", around.escape_ascii()));
            }
        }
        found
    }
}
