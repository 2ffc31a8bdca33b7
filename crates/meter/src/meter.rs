//! A process's meter: its folder, the numbers of its routes, a counter for each of its cores.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comporta_kernel::Uuid;
use tokio::sync::mpsc;

use crate::counter::Counter;
use crate::instance::Instance;
use crate::layout::{Line, lines};
use crate::outlet::{Outlet, Sealed};
use crate::route_names::RouteNames;
use crate::stock::{Stock, lock};

/// Places of a segment: enough for what a core sees in a second, and soon read.
const PLACES: usize = 16 * 1024;
/// What each core needs: a segment to count into and one to go on with.
const LEAST: usize = 2;

/// Counts the calls of a process. Clones share one meter.
#[derive(Clone, Debug)]
pub struct Meter {
    stock: Stock,
    names: Arc<Mutex<RouteNames>>,
    outbox: mpsc::Sender<Sealed>,
    hand_over_every: Duration,
}

/// What bounds a meter.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Counters there will be.
    pub cores: usize,
    /// Bytes that its files may take together.
    pub disk: u64,
    /// How old a segment gets before it is handed over.
    pub hand_over_every: Duration,
}

/// Why there is no meter.
#[derive(Debug, thiserror::Error)]
pub enum MeterError {
    /// The disk's share is too small for the cores.
    #[error("the meter needs {needed} bytes of disk for {cores} cores")]
    Disk {
        /// Bytes that would do.
        needed: usize,
        /// For so many cores.
        cores: usize,
    },
    /// Its folder cannot be made.
    #[error("the meter's folder {} cannot be made", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl Meter {
    /// Makes a folder of this process under `root`. `instance` must never have been another's.
    ///
    /// # Errors
    /// When the disk refuses, or is not to be used enough.
    pub fn open(root: &Path, instance: Uuid, options: Options) -> Result<(Self, Outlet), MeterError> {
        Self::with_places(root, instance, options, PLACES)
    }

    fn with_places(
        root: &Path,
        instance: Uuid,
        options: Options,
        places: usize,
    ) -> Result<(Self, Outlet), MeterError> {
        let Options { cores, disk, hand_over_every } = options;
        let segment = lines(places) * size_of::<Line>();
        let most = usize::try_from(disk).unwrap_or(usize::MAX) / segment;
        if most < LEAST * cores {
            return Err(MeterError::Disk { needed: LEAST * cores * segment, cores });
        }
        let made = Instance::create(root, instance);
        let (instance, names) =
            made.map_err(|source| MeterError::Folder { folder: root.to_owned(), source })?;
        let (stock, names) = (Stock::new(instance, places, most), Arc::new(Mutex::new(names)));
        let (outbox, inbox) = mpsc::channel(most);
        let outlet = Outlet::new(inbox, stock.clone(), Arc::clone(&names));
        Ok((Self { stock, names, outbox, hand_over_every }, outlet))
    }

    /// The numbers under which calls of these routes are counted; a name has the same one each time. Waits for the disk.
    ///
    /// # Errors
    /// When the disk refuses: a number whose name is not kept must not be used.
    pub fn route_numbers(&self, names: &[&str]) -> io::Result<Vec<u32>> {
        lock(&self.names).numbers(names)
    }

    /// A counter for one more core. Waits for the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn counter(&self) -> io::Result<Counter> {
        let (first, shelf) = self.stock.open_shelf()?;
        let (stock, outbox) = (self.stock.clone(), self.outbox.clone());
        Ok(Counter::new(first, shelf, stock, outbox, self.hand_over_every))
    }
}

#[cfg(test)]
mod tests;
