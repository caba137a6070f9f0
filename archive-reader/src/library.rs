//! WeCom's library of the session archive (`WeWorkFinanceSdk_C.h`), and everything unsafe about it.
//!
//! What holds for every call: the functions have the types of the vendor's header, texts end with NUL and outlive the
//! call, and what the library hands over is copied before it is given back. A library that breaks its own header can
//! still end this process; that is why it is a process.

use std::error::Error as _;
use std::ffi::{CString, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::path::Path;
use std::ptr::NonNull;

use libloading::Symbol;
use orgsnap_archive_reader::{Answer, Bytes, Fault, Network};

/// `WeWorkFinanceSdk_t`, `Slice_t` and `MediaData_t`: only the library looks into them.
type Handle = *mut c_void;

type Make = unsafe extern "C" fn() -> Handle;
type Free = unsafe extern "C" fn(Handle);
type Init = unsafe extern "C" fn(Handle, *const c_char, *const c_char) -> c_int;
type GetChatData = unsafe extern "C" fn(
    Handle,
    c_ulonglong,
    c_uint,
    *const c_char,
    *const c_char,
    c_int,
    Handle,
) -> c_int;
type DecryptData = unsafe extern "C" fn(*const c_char, *const c_char, Handle) -> c_int;
type GetMediaData = unsafe extern "C" fn(
    Handle,
    *const c_char,
    *const c_char,
    *const c_char,
    *const c_char,
    c_int,
    Handle,
) -> c_int;
type Content = unsafe extern "C" fn(Handle) -> *mut c_char;
type Number = unsafe extern "C" fn(Handle) -> c_int;

/// The functions of the library, and the library itself, which must stay loaded for as long as they are called.
struct Functions {
    new_sdk: Make,
    destroy_sdk: Free,
    init: Init,
    get_chat_data: GetChatData,
    decrypt_data: DecryptData,
    get_media_data: GetMediaData,
    new_slice: Make,
    free_slice: Free,
    slice_content: Content,
    slice_length: Number,
    new_media: Make,
    free_media: Free,
    media_position: Content,
    media_position_length: Number,
    media_data: Content,
    media_length: Number,
    media_finished: Number,
    _library: libloading::Library,
}

impl Functions {
    fn load(path: &Path) -> Result<Functions, Fault> {
        // SAFETY: loading runs the library's own initializers. The job file names the library, so it is as trusted as
        // the vendor's; nothing else runs in this process.
        let library = unsafe { libloading::Library::new(path) }
            .map_err(|error| Fault::NotLoaded { reason: reason(&error) })?;
        Ok(Functions {
            new_sdk: function(&library, "NewSdk")?,
            destroy_sdk: function(&library, "DestroySdk")?,
            init: function(&library, "Init")?,
            get_chat_data: function(&library, "GetChatData")?,
            decrypt_data: function(&library, "DecryptData")?,
            get_media_data: function(&library, "GetMediaData")?,
            new_slice: function(&library, "NewSlice")?,
            free_slice: function(&library, "FreeSlice")?,
            slice_content: function(&library, "GetContentFromSlice")?,
            slice_length: function(&library, "GetSliceLen")?,
            new_media: function(&library, "NewMediaData")?,
            free_media: function(&library, "FreeMediaData")?,
            media_position: function(&library, "GetOutIndexBuf")?,
            media_position_length: function(&library, "GetIndexLen")?,
            media_data: function(&library, "GetData")?,
            media_length: function(&library, "GetDataLen")?,
            media_finished: function(&library, "IsMediaDataFinish")?,
            _library: library,
        })
    }
}

/// What the system's loader says, which the error of the crate has as its source.
fn reason(error: &libloading::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// A function of the library. Its type is that of the field it is for, which is the one of the vendor's header.
fn function<F: Copy>(library: &libloading::Library, name: &str) -> Result<F, Fault> {
    // SAFETY: every `F` above is a function pointer with the signature that the header declares for this name.
    let symbol: Result<Symbol<'_, F>, _> = unsafe { library.get(name) };
    symbol.map(|symbol| *symbol).map_err(|_| Fault::NoFunction { name: name.to_owned() })
}

/// The library, logged in.
pub(crate) struct Library {
    functions: Functions,
    sdk: NonNull<c_void>,
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: the handle is of this library's `NewSdk` and is given back once.
        unsafe { (self.functions.destroy_sdk)(self.sdk.as_ptr()) };
    }
}

impl Library {
    /// Loads the library and logs in; the inner error is the code of `Init`.
    pub(crate) fn open(
        path: &Path,
        corp_id: &str,
        secret: &str,
    ) -> Result<Result<Library, i32>, Fault> {
        let (corp_id, secret) = (text("corp_id", corp_id)?, text("secret", secret)?);
        let functions = Functions::load(path)?;
        // SAFETY: it takes nothing.
        let sdk = unsafe { (functions.new_sdk)() };
        let sdk = NonNull::new(sdk).ok_or_else(|| nothing_made("NewSdk"))?;
        let library = Library { functions, sdk };
        // SAFETY: the handle is of `NewSdk`, and both texts end with NUL and live on.
        let code = unsafe {
            (library.functions.init)(library.sdk.as_ptr(), corp_id.as_ptr(), secret.as_ptr())
        };
        Ok(match code {
            0 => Ok(library),
            code => Err(code),
        })
    }

    /// `GetChatData`.
    pub(crate) fn chat_data(
        &self,
        seq: u64,
        limit: u32,
        network: &Network,
    ) -> Result<Answer, Fault> {
        let network = NetworkTexts::of(network)?;
        let slice = Slice::new(&self.functions)?;
        // SAFETY: both handles are of this library; the texts end with NUL and live on.
        let code = unsafe {
            (self.functions.get_chat_data)(
                self.sdk.as_ptr(),
                seq,
                limit,
                network.proxy.as_ptr(),
                network.password.as_ptr(),
                network.timeout,
                slice.handle.as_ptr(),
            )
        };
        match code {
            0 => Ok(Answer::Data { data: Bytes(slice.content("GetChatData")?) }),
            code => {
                // What it left behind may name the address that is refused. A buffer that is none says nothing.
                let left = slice.content("GetChatData").unwrap_or_default();
                let text = String::from_utf8_lossy(&left).chars().take(500).collect();
                Ok(Answer::Code { code, text })
            }
        }
    }

    /// `DecryptData`.
    pub(crate) fn decrypt(&self, key: Vec<u8>, message: &str) -> Result<Answer, Fault> {
        let key = CString::new(key).map_err(|_| bad_text("encrypt_key"))?;
        let message = text("encrypt_chat_msg", message)?;
        let slice = Slice::new(&self.functions)?;
        // SAFETY: the handle is of this library; the texts end with NUL and live on.
        let code = unsafe {
            (self.functions.decrypt_data)(key.as_ptr(), message.as_ptr(), slice.handle.as_ptr())
        };
        match code {
            // No message is empty: taken for one, its text would be lost with its ciphertext.
            0 => match slice.content("DecryptData")? {
                text if text.is_empty() => Err(Fault::NoText),
                text => Ok(Answer::Data { data: Bytes(text) }),
            },
            code => Ok(Answer::Code { code, text: String::new() }),
        }
    }

    /// `GetMediaData`.
    pub(crate) fn media(
        &self,
        position: &str,
        file_id: &str,
        network: &Network,
    ) -> Result<Answer, Fault> {
        let (position, file_id) = (text("indexbuf", position)?, text("sdkfileid", file_id)?);
        let network = NetworkTexts::of(network)?;
        let media = Media::new(&self.functions)?;
        // SAFETY: both handles are of this library; the texts end with NUL and live on.
        let code = unsafe {
            (self.functions.get_media_data)(
                self.sdk.as_ptr(),
                position.as_ptr(),
                file_id.as_ptr(),
                network.proxy.as_ptr(),
                network.password.as_ptr(),
                network.timeout,
                media.handle.as_ptr(),
            )
        };
        match code {
            0 => media.piece(),
            code => Ok(Answer::Code { code, text: String::new() }),
        }
    }
}

/// A `Slice_t`, given back when it is dropped.
struct Slice<'l> {
    functions: &'l Functions,
    handle: NonNull<c_void>,
}

impl<'l> Slice<'l> {
    fn new(functions: &'l Functions) -> Result<Slice<'l>, Fault> {
        // SAFETY: it takes nothing.
        let handle = unsafe { (functions.new_slice)() };
        let handle = NonNull::new(handle).ok_or_else(|| nothing_made("NewSlice"))?;
        Ok(Slice { functions, handle })
    }

    /// A copy of what it holds; `name` is the function that filled it.
    fn content(&self, name: &str) -> Result<Vec<u8>, Fault> {
        let (content, length) = (self.functions.slice_content, self.functions.slice_length);
        // SAFETY: the handle is of this library's `NewSlice`.
        unsafe { copied(self.handle, content, length, name) }
    }
}

impl Drop for Slice<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is of this library's `NewSlice` and is given back once.
        unsafe { (self.functions.free_slice)(self.handle.as_ptr()) };
    }
}

/// A `MediaData_t`, given back when it is dropped.
struct Media<'l> {
    functions: &'l Functions,
    handle: NonNull<c_void>,
}

impl<'l> Media<'l> {
    fn new(functions: &'l Functions) -> Result<Media<'l>, Fault> {
        // SAFETY: it takes nothing.
        let handle = unsafe { (functions.new_media)() };
        let handle = NonNull::new(handle).ok_or_else(|| nothing_made("NewMediaData"))?;
        Ok(Media { functions, handle })
    }

    fn piece(&self) -> Result<Answer, Fault> {
        let functions = self.functions;
        let (data, length) = (functions.media_data, functions.media_length);
        // SAFETY: the handle is of this library's `NewMediaData`.
        let data = unsafe { copied(self.handle, data, length, "GetMediaData") }?;
        let (position, length) = (functions.media_position, functions.media_position_length);
        // SAFETY: as above.
        let position = unsafe { copied(self.handle, position, length, "GetMediaData") }?;
        let position = String::from_utf8(position)
            .map_err(|_| Fault::BadBuffer { name: "GetMediaData".to_owned() })?;
        // SAFETY: as above.
        let finished = unsafe { (functions.media_finished)(self.handle.as_ptr()) } != 0;
        Ok(Answer::Media { data: Bytes(data), position, finished })
    }
}

impl Drop for Media<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is of this library's `NewMediaData` and is given back once.
        unsafe { (self.functions.free_media)(self.handle.as_ptr()) };
    }
}

/// A copy of the bytes that two functions of the library tell the place and the length of.
///
/// # Safety
/// `handle` is one that both functions take.
unsafe fn copied(
    handle: NonNull<c_void>,
    content: Content,
    length: Number,
    name: &str,
) -> Result<Vec<u8>, Fault> {
    let bad = || Fault::BadBuffer { name: name.to_owned() };
    // SAFETY: the caller says that the function takes the handle.
    let length = unsafe { length(handle.as_ptr()) };
    let length = usize::try_from(length).map_err(|_| bad())?;
    if length == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: as above.
    let content = unsafe { content(handle.as_ptr()) };
    let content = NonNull::new(content).ok_or_else(bad)?;
    // SAFETY: the header says that so many bytes are there, until the handle is given back.
    let bytes = unsafe { std::slice::from_raw_parts(content.as_ptr().cast::<u8>(), length) };
    Ok(bytes.to_vec())
}

/// The texts of [`Network`] as the library takes them.
struct NetworkTexts {
    proxy: CString,
    password: CString,
    timeout: c_int,
}

impl NetworkTexts {
    fn of(network: &Network) -> Result<NetworkTexts, Fault> {
        Ok(NetworkTexts {
            proxy: text("proxy", &network.proxy)?,
            password: text("passwd", &network.proxy_password)?,
            timeout: c_int::try_from(network.timeout).unwrap_or(c_int::MAX),
        })
    }
}

fn text(name: &str, text: &str) -> Result<CString, Fault> {
    CString::new(text).map_err(|_| bad_text(name))
}

fn bad_text(name: &str) -> Fault {
    Fault::BadText { name: name.to_owned() }
}

fn nothing_made(name: &str) -> Fault {
    Fault::NothingMade { name: name.to_owned() }
}
