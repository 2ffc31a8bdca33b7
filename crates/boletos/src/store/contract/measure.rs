//! Temporary.
use super::*;

async fn measure(url: String) {
    let db = Db::open(&Options { url: url.parse().unwrap(), read_url: None, max_connections: 8 }).await.unwrap();
    db.migrate().await.unwrap();
    let files = TempDir::new_in("/tmp/imp").unwrap();
    let clock = Clock::system();
    let ids = IdSource::new(clock.clone(), Rng::system());
    let blobs = Blobs::open(files.path().to_str().unwrap(), &BTreeMap::new()).unwrap();
    let queue = Queue::new(clock.clone(), ids.clone());
    let boletos = Boletos::new(&db, blobs, queue, clock, ids, "America/Sao_Paulo".parse().unwrap());
    let world = World { db, boletos, company: CompanyId::from_uuid(Uuid::from_u128(7)), clock: ManualClock::at("2026-11-21T15:00:00Z".parse().unwrap()), files: Arc::new(files) };
    world.add_company(world.company).await;
    let mut tx = world.db.begin().await.unwrap();
    world.boletos.add_account_in(&mut tx, world.company, itau()).await.unwrap();
    tx.commit().await.unwrap();
    let text = std::fs::read_to_string("/tmp/imp/challenge.csv").unwrap();
    let begun = std::time::Instant::now();
    let import = world.take_in(&text).await.unwrap();
    println!("taken {:?}", begun.elapsed());
    let mut chunks = 0;
    while world.boletos.problems(world.company, import.id, chunks).await.unwrap().is_some() { chunks += 1; }
    let next = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let lanes = (0..2).map(|_| {
        let (boletos, company, next) = (world.boletos.clone(), world.company, next.clone());
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if number >= chunks { break; }
                let begun = std::time::Instant::now();
                boletos.issue_chunk(ChunkKey { company, import: import.id, number }).await.unwrap();
                println!("chunk {number} {:?}", begun.elapsed());
            }
        })
    });
    futures_util::future::join_all(lanes).await;
    let import = world.boletos.import(world.company, import.id).await.unwrap();
    println!("{:?} {:?} {:?}", begun.elapsed(), import.counts, import.status);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    println!("cpu ticks {:?}", stat.split(' ').skip(13).take(2).collect::<Vec<_>>());
    println!("{}", std::fs::read_to_string("/proc/self/status").unwrap().lines().find(|l| l.starts_with("VmHWM")).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore]
async fn at_url() {
    measure(std::env::var("MEASURE_URL").unwrap()).await;
}
